import { VersionDefinition } from '../../api/gen/containerd/services/version/v1/version.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { DaemonInfo } from '../../pkg/plugin/plugin-context.ts';

/** `containerd.services.version.v1.Version`. */
export function versionGrpc({ version, revision }: Pick<DaemonInfo, 'version' | 'revision'>): RpcService {
  return rpcService(VersionDefinition, {
    version: () => ({ version, revision }),
  });
}
