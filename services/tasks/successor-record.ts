import { memberOf, parsedJson } from './json-members.ts';

/** A process that a shim told of: its number, and when it began in the kernel's ticks, by which a later owner of the number is known. */
export interface RecordedProcess {
  readonly pid: number;
  readonly start: number;
}

/** A process of a task. */
export interface RecordedTaskProcess extends RecordedProcess {
  /** Empty for the first one. */
  readonly execId: string;
  /** The number that the master of the process's terminal has in the shim; undefined without a terminal. */
  readonly master: number | undefined;
  /** Where its output goes, as the client named it. */
  readonly outputs: readonly string[];
}

/** What a shim keeps in its bundle for the one that takes over when it dies: `successor.json`, so far as it is the daemon's business. */
export interface SuccessorRecord {
  readonly shim: RecordedProcess;
  readonly processes: readonly RecordedTaskProcess[];
}

/** Reads `successor.json`; undefined for what is none of ours, or of a version that we do not know. */
export function parseSuccessorRecord(text: string): SuccessorRecord | undefined {
  const record = parsedJson(text);
  const shim = processOf(memberOf(record, 'shim'));
  const listed = memberOf(record, 'processes');
  if (memberOf(record, 'version') !== 1 || !shim || !Array.isArray(listed)) return undefined;
  const processes = listed.map(taskProcessOf).filter((process) => process !== undefined);
  return processes.length === listed.length ? { shim, processes } : undefined;
}

function taskProcessOf(value: unknown): RecordedTaskProcess | undefined {
  const process = processOf(value);
  const [execId, master, handles] = ['exec', 'master', 'handles'].map((name) => memberOf(value, name));
  if (!process || typeof execId !== 'string') return undefined;
  const outputs = ['stdout', 'stderr']
    .map((name) => memberOf(handles, name))
    .filter((name) => typeof name === 'string');
  return { ...process, execId, master: isCount(master) ? master : undefined, outputs };
}

function processOf(value: unknown): RecordedProcess | undefined {
  const [pid, start] = ['pid', 'start'].map((name) => memberOf(value, name));
  return isCount(pid) && isCount(start) && pid > 0 ? { pid, start } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
