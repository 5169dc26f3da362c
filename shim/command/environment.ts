import { host } from '../host/host.ts';

/** A variable of the environment; empty when it is not set. */
export function environment(name: string): string {
  const setting = host.environment.find((candidate) => candidate.startsWith(`${name}=`));
  return setting?.slice(name.length + 1) ?? '';
}

/** The environment for runtimes: without what systemd told us, which runc would take for told to it. */
export function runtimeEnvironment(): string[] {
  return host.environment.filter((setting) => !setting.startsWith('NOTIFY_SOCKET='));
}
