import type { Logger } from '../../pkg/log/logger.ts';
import type { Runc } from '../runtime/runc.ts';
import type { ProcessState } from './task-process.ts';

/** As the runtime tells it. One that has ended, or of which the runtime knows nothing, is taken for running until its end has been told. */
export async function stateOfContainer(runc: Runc, id: string, log: Logger): Promise<ProcessState> {
  try {
    const state = await runc.state(id);
    return state === 'created' || state === 'paused' ? state : 'running';
  } catch (error) {
    log.warn('the runtime does not tell how the container stands', { id, error });
    return 'running';
  }
}
