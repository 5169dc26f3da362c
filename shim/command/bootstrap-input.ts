import { BootstrapParams } from '../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** What the daemon told `start` on its standard input. */
export interface BootstrapInput {
  /** Absent from daemons before 2.3, which give the runtime's options alone and expect an address in plain text. */
  readonly params: BootstrapParams | undefined;
  /** The runtime's options, if it gave any. */
  readonly options: Any | undefined;
}

/**
 * Reads what a daemon gives `start`: BootstrapParams since 2.3, a bare Any of the runtime's options before, or nothing.
 *
 * The two are told apart by what they say, since bytes of the one decode as the other: BootstrapParams begin with the very id and
 * namespace of the command line, and name the daemon behind them, where an Any has no fields at all.
 *
 * @throws KindError `invalid-argument` for bytes that are neither.
 */
export function parseBootstrapInput(input: Uint8Array, id: string, namespace: string): BootstrapInput {
  if (input.length === 0) return { params: undefined, options: undefined };
  const params = decoded(() => BootstrapParams.decode(input));
  if (params?.instanceId === id && params.namespace === namespace && params.containerdVersion !== '') {
    return { params, options: optionsOf(params) };
  }
  const options = decoded(() => Any.decode(input));
  if (options && /^[\x21-\x7e]+$/.test(options.typeUrl)) return { params: undefined, options };
  throw new KindError('invalid-argument', `start: ${input.length} bytes of input are neither parameters nor options`);
}

function optionsOf({ extensions }: BootstrapParams): Any | undefined {
  return extensions.map(({ value }) => value).find((value) => value?.typeUrl.endsWith('containerd.runc.v1.Options'));
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
