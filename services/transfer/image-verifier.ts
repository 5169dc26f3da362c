import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';

/** What a verifier thinks of an image. */
export interface Judgement {
  readonly ok: boolean;
  /** For people. */
  readonly reason: string;
}

/**
 * Decides whether an image may be pulled. It is asked once for each pull, after the name was resolved and before any content is
 * fetched; a pull that one verifier refuses, or cannot judge, does not happen.
 *
 * @throws whatever kept it from judging.
 *
 * @example
 * const { ok, reason } = await verifier.verify('docker.io/library/busybox:latest', target, scope.signal);
 */
export interface ImageVerifier {
  verify(name: string, target: Descriptor, signal?: AbortSignal): Promise<Judgement>;
}

/** All verifiers, by their plugins' ids. */
export const imageVerifiersToken = new PluginTypeToken<ImageVerifier>(pluginTypes.imageVerifier);
