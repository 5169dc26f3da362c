import { writeFile } from 'node:fs/promises';
import type { Logger } from '../pkg/log/logger.ts';

/** Sets how ready the kernel is to kill the daemon for memory, -1000 to 1000. To lower it needs CAP_SYS_RESOURCE; a refusal is logged. */
export async function setOomScore(score: number, log: Logger): Promise<void> {
  try {
    await writeFile('/proc/self/oom_score_adj', String(score));
  } catch (error) {
    log.warn('cannot set oom_score_adj', { error, score });
  }
}
