import { replaced, sortedLabels, without } from '../normalise.ts';
import { ctr, type Normaliser, type Said, type TourActions, type TourArea } from '../tour-step.ts';
import { pullImage } from './words.ts';

/**
 * Makes namespaces until one of them comes through: whether a subscription stands cannot be asked.
 * What is published before is in nobody's answer.
 */
async function untilSubscribed(tour: TourActions): Promise<Said> {
  for (;;) {
    await tour.ctr(['namespaces', 'create', 'probe']);
    await tour.ctr(['namespaces', 'rm', 'probe']);
    if (['events', 'filtered'].every((name) => tour.outputOf(name).includes('probe')))
      return { code: 0, stdout: '', stderr: '' };
  }
}

/** Waits for the last of the daemon's own events, and a while for the shim's, which may be lost when it ends. */
async function untilLast(tour: TourActions): Promise<Said> {
  await tour.heard('events', /"name":"last"/);
  const told = (name: string): boolean => / \/tasks\/exit .*"id":"b-/.test(tour.outputOf(name));
  for (let asked = 0; asked < 20 && !(told('filtered') && told('events')); asked++) await tour.ctr(['version']);
  return { code: 0, stdout: '', stderr: '' };
}

const quiet: Normaliser = (text) =>
  text
    .split('\n')
    // A containerd may lose the deletion that a shim tells of while it ends.
    .filter((line) => !line.includes('probe') && !line.includes(' /tasks/delete '))
    .map((line) => line.replaceAll(/"pid":\d+/g, '"pid":{n}').replaceAll(/"exited_at":\{.*?\}/g, '"exited_at":{time}'))
    // The shim sends its events on its own: where they stand among the daemon's differs.
    .sort()
    .join('\n');

/** What is published of all that was done. */
export const events: TourArea = {
  name: 'events',
  steps: [
    ctr('events', { goesOn: { as: 'events', once: /^/ } }),
    ctr('events topic==/x', { code: 1 }),
    ctr('events topic=="/tasks/exit" topic=="/namespaces/create"', { goesOn: { as: 'filtered', once: /^/ } }),
    { name: 'until the subscription stands', does: untilSubscribed },
    ctr('namespaces create one colour=green'),
    ctr('namespaces label one colour=blue'),
    ctr('namespaces rm one'),
    ...pullImage,
    ctr('images label {image} size=5'),
    ctr('content ingest blob', { input: 'hello\n' }),
    ctr('snapshots prepare s-{id}'),
    ctr('snapshots commit t-{id} s-{id}'),
    ctr('snapshots rm t-{id}'),
    ctr('run --rm {image} a-{id} true'),
    ctr('run -d {image} b-{id} sleep 1000'),
    ctr('task exec --exec-id e1-{id} b-{id} false', { code: 1 }),
    ctr('task pause b-{id}'),
    ctr('task resume b-{id}'),
    ctr('containers label b-{id} colour=green', { normalise: [sortedLabels] }),
    ctr('task kill -s SIGKILL b-{id}'),
    ctr('task rm -f b-{id}', { normalise: [replaced(/\d+/g, '{n}')] }),
    ctr('containers rm b-{id}'),
    ctr('leases create --id lease'),
    ctr('leases rm lease'),
    ctr('images rm --sync {image}'),
    ctr('namespaces create last'),
    { name: 'until the last one', does: untilLast },
    {
      name: 'what the filter let through',
      ends: 'filtered',
      signal: 'SIGTERM',
      code: 143,
      normalise: [quiet, without(/ \/namespaces\//)],
    },
    { name: 'what was published', ends: 'events', signal: 'SIGTERM', code: 143, normalise: [quiet] },
  ],
};
