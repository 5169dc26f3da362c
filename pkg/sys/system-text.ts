import type { SystemError } from './system-error.ts';

/** What went wrong, in the kernel's words alone: `no such file or directory`. */
export function systemText({ message, code, syscall }: SystemError): string {
  const start = message.startsWith(`${code}: `) ? code.length + 2 : 0;
  const end = message.lastIndexOf(`, ${syscall}`);
  return message.slice(start, end < start ? undefined : end);
}
