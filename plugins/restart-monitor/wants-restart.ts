import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import { restartLabels } from './restart-labels.ts';

/** What a container may ask for when it has ended; clients look here before they ask. */
export const restartPolicies = ['no', 'always', 'on-failure', 'unless-stopped'] as const;

/** How Go writes what is true. */
const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/**
 * Whether a container that shall run, and does not, is to be started again by its labels. Without a policy it is.
 * @param exitStatus of its task; 0 when that is no more, so that a task that failed and was deleted is not known to have failed
 * @throws KindError `invalid-argument` for a policy, or a count, that cannot be read.
 */
export function wantsRestart(labels: Labels, exitStatus: number): boolean {
  const [policy = '', ...limits] = (labels.get(restartLabels.policy) ?? '').split(':');
  const [limit] = limits;
  if (limit !== undefined && policy !== 'on-failure') {
    throw new KindError('invalid-argument', `restart policy "${policy}" takes no number of tries`);
  }
  switch (policy) {
    case '':
    case 'always':
      return true;
    case 'no':
      return false;
    case 'on-failure': {
      const most = limit === undefined ? 0 : wholeNumber(limit, restartLabels.policy);
      const count = wholeNumber(labels.get(restartLabels.count) ?? '0', restartLabels.count);
      return exitStatus !== 0 && (most === 0 || count < most);
    }
    case 'unless-stopped':
      return !truths.has(labels.get(restartLabels.explicitlyStopped) ?? '');
    default:
      throw new KindError('invalid-argument', `restart policy "${policy}" is none of ${restartPolicies.join(', ')}`);
  }
}

function wholeNumber(text: string, label: string): number {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text);
  throw new KindError('invalid-argument', `${label}: ${JSON.stringify(text)} is no whole number`);
}
