import { KindError } from '../../pkg/errors/kind-error.ts';

/** Puts what was tried before a failure's own words; the kind stays. */
export async function failingAs<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KindError) throw new KindError(error.kind, `${what}: ${error.detail}`, { cause: error });
    const why = error instanceof Error ? error.message : String(error);
    throw new KindError('unknown', `${what}: ${why}`, { cause: error });
  }
}
