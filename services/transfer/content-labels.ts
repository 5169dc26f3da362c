import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { mediaKind } from '../../pkg/oci/media-types.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentStore } from '../content/content-store.ts';

/** The labels on an index or manifest that keep its children from garbage collection. */
export function childLabels(children: readonly Descriptor[]): Map<string, string> {
  const labels = new Map<string, string>();
  const used = new Map<string, number>();
  for (const child of children) {
    const kind = mediaKind(child.mediaType);
    const prefix = kind === 'manifest' ? 'm.' : kind === 'layer' ? 'l.' : kind === 'config' ? 'config' : '';
    const at = used.get(prefix) ?? 0;
    used.set(prefix, at + 1);
    const suffix = prefix === 'config' ? (at === 0 ? 'config' : `config${at}`) : `${prefix}${at}`;
    labels.set(`containerd.io/gc.ref.content.${suffix}`, child.digest);
  }
  return labels;
}

/** Sets these labels on a blob and leaves the others as they are. */
export async function setContentLabels(
  content: ContentStore,
  scope: Scope,
  digest: string,
  labels: ReadonlyMap<string, string>,
): Promise<void> {
  if (labels.size === 0) return;
  await content.update(
    scope,
    { digest, labels },
    [...labels.keys()].map((key) => `labels.${key}`),
  );
}

/** The most bytes of a label's key and value. */
const maxLabel = 4096;

/** Where a blob came from, as a label of a new blob. */
export function distributionSource(source: {
  readonly host: string;
  readonly repository: string;
}): Map<string, string> {
  const key = sourceKey(source.host);
  return key.length + source.repository.length > maxLabel
    ? new Map<string, string>()
    : new Map([[key, source.repository]]);
}

/** Notes on a blob that this repository has it, so that a push elsewhere on the host can mount it. */
export async function addDistributionSource(
  content: ContentStore,
  scope: Scope,
  digest: string,
  source: { readonly host: string; readonly repository: string },
): Promise<void> {
  const key = sourceKey(source.host);
  const now = (await content.info(scope, digest)).labels.get(key) ?? '';
  const repositories = new Set(now.split(',').filter((each) => each !== ''));
  if (repositories.has(source.repository)) return;
  const value = [...repositories.add(source.repository)].sort().join(',');
  // A layer that everybody shares may have more sources than fit.
  if (key.length + value.length > maxLabel) return;
  await setContentLabels(content, scope, digest, new Map([[key, value]]));
}

/** The label's key; it knows no ports. */
function sourceKey(host: string): string {
  return `containerd.io/distribution.source.${host.replace(/:\d+$/, '')}`;
}
