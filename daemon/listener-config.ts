import type { PluginConfig } from '../pkg/plugin/plugin-registration.ts';
import { ConfigTable } from '../pkg/plugin/config-table.ts';

/** Where a listener listens, and who owns its socket. */
export interface ListenerConfig {
  /** A socket's path; empty for no listener. */
  readonly address: string;
  readonly uid: number;
  readonly gid: number;
}

/** A gRPC listener. */
export interface GrpcListenerConfig extends ListenerConfig, MessageLimits {}

/** A gRPC listener on TCP. */
export interface TcpListenerConfig extends MessageLimits {
  /** `host:port`; empty for no listener. */
  readonly address: string;
  /** Files: whose clients are let in (all without), and who we are (nobody without: no TLS). */
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/** The most that a message may have, in bytes. */
export interface MessageLimits {
  readonly maxReceive: number;
  readonly maxSend: number;
}

const maxMessage = 16 * 1024 * 1024;
const messageDefaults = { max_recv_message_size: maxMessage, max_send_message_size: maxMessage };

/** `[plugins.'io.containerd.server.v1.grpc']`. */
export const grpcListenerConfig: PluginConfig<GrpcListenerConfig> = {
  defaults: { address: '/run/containerd/containerd.sock', uid: 0, gid: 0, ...messageDefaults },
  parse: (table) => ({ ...readListener(table), ...readLimits(table) }),
};

/** `[plugins.'io.containerd.server.v1.grpc-tcp']`. */
export const tcpListenerConfig: PluginConfig<TcpListenerConfig> = {
  defaults: { address: '', tls_ca: '', tls_cert: '', tls_key: '', tls_common_name: '', ...messageDefaults },
  parse(table) {
    const reader = new ConfigTable(table);
    const files = {
      tlsCa: reader.string('tls_ca'),
      tlsCert: reader.string('tls_cert'),
      tlsKey: reader.string('tls_key'),
    };
    return { address: reader.string('address'), ...files, ...readLimits(table) };
  },
};

/** `[plugins.'io.containerd.server.v1.debug']`. */
export const debugListenerConfig: PluginConfig<ListenerConfig> = {
  defaults: { address: '', uid: 0, gid: 0 },
  parse: readListener,
};

/** `[plugins.'io.containerd.server.v1.ttrpc']`. */
export const ttrpcListenerConfig: PluginConfig<ListenerConfig> = {
  defaults: { address: '/run/containerd/containerd.sock.ttrpc', uid: 0, gid: 0 },
  parse: readListener,
};

function readListener(table: Readonly<Record<string, unknown>>): ListenerConfig {
  const reader = new ConfigTable(table);
  return { address: reader.string('address'), uid: reader.integer('uid'), gid: reader.integer('gid') };
}

/** 0 and less leave the default, as with containerd. */
function readLimits(table: Readonly<Record<string, unknown>>): MessageLimits {
  const reader = new ConfigTable(table);
  const limit = (key: string): number => {
    const value = reader.integer(key, { min: Number.MIN_SAFE_INTEGER });
    return value > 0 ? value : maxMessage;
  };
  return { maxReceive: limit('max_recv_message_size'), maxSend: limit('max_send_message_size') };
}
