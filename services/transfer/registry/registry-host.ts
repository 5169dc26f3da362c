/** What a host may be asked for. */
export type RegistryCapability = 'pull' | 'resolve' | 'push' | 'referrers';

/** How to trust a host and be trusted by it; PEM texts. */
export interface RegistryTls {
  /** Beside the machine's own authorities. */
  readonly ca?: readonly string[];
  readonly clients?: readonly { readonly cert: string; readonly key: string }[];
  readonly skipVerify?: boolean;
}

/** One host that serves a registry's content: the registry itself or a mirror. */
export interface RegistryHost {
  readonly scheme: 'http' | 'https';
  /** `host[:port]`. */
  readonly host: string;
  /** What comes before the repository: `/v2`, as a rule. */
  readonly path: string;
  readonly capabilities: ReadonlySet<RegistryCapability>;
  /** Sent with every request to this host, and to no other. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly tls: RegistryTls;
  /** Whether to go over to plain HTTP when the host does not speak TLS. */
  readonly httpFallback: boolean;
  /** Milliseconds to wait for a connection. */
  readonly dialTimeout: number;
}

export const allCapabilities: ReadonlySet<RegistryCapability> = new Set(['pull', 'resolve', 'push', 'referrers']);
export const defaultDialTimeout = 30_000;
