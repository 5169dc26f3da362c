import { native } from './native.ts';

/** A limit; Infinity for none. */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

/** Resources by the numbers of asm-generic/resource.h. */
export const resources = { core: 4, nproc: 6, nofile: 7, memlock: 8 } as const;

/** A limit of this process as it is now. */
export function resourceLimit(resource: number): ResourceLimit {
  const [soft, hard] = native.getrlimit(resource);
  return { soft, hard };
}

/**
 * Changes a limit of this process; children still get the one that it was started with.
 * @throws SystemError `EPERM` for a hard limit above the present one without CAP_SYS_RESOURCE.
 */
export function setResourceLimit(resource: number, limit: ResourceLimit): void {
  native.setrlimit(resource, limit.soft, limit.hard);
}
