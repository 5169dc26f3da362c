import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

const maxScore = 1000;
const maxFile = 4096;
const writeOnly = 1;

/**
 * Makes this process, and those that it starts, a better victim than its parent when memory runs out: the daemon's score and one. Best effort, as
 * a score can only be lowered with a capability.
 */
export function raiseOomScore(): void {
  try {
    const score = Number(read(`/proc/${parentPid()}/oom_score_adj`));
    if (!Number.isInteger(score)) return;
    const fd = host.open('/proc/self/oom_score_adj', writeOnly, 0);
    try {
      host.write(fd, host.encodeUtf8(String(Math.min(score + 1, maxScore))));
    } finally {
      host.close(fd);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** proc(5): the fourth field; the second, a name in brackets, may hold anything. */
function parentPid(): string {
  const text = read('/proc/self/stat');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? '';
}

function read(path: string): string {
  return host.decodeUtf8(host.readFile(path, maxFile)).trim();
}
