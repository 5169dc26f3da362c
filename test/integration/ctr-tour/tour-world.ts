import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { busyboxEntries } from '../../lab/images.ts';
import { type Layer, OciLayout } from '../../lab/oci-layout.ts';
import { Registry } from '../../lab/registry.ts';
import { runProgram } from '../../lab/run-program.ts';
import { tar } from '../../lab/tar-writer.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';
import type { Facts } from './tour-step.ts';

/**
 * What a tour finds around the daemons, the same before each: three registries over one storage (plain, TLS, with a password), archives, and
 * the facts about them.
 *
 * @example
 * await using world = await TourWorld.make();
 * world.facts.get('image'); // 127.0.0.1:34567/lab/busybox:1
 */
export class TourWorld implements AsyncDisposable {
  readonly facts: Facts;
  readonly #resources: AsyncDisposableStack;

  /** Takes a second: images are made and pushed. */
  static async make(): Promise<TourWorld> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new TemporaryDirectory('gantry-')).path;
    const place = (name: string): string => {
      mkdirSync(join(directory, name));
      return join(directory, name);
    };
    const [certificates, archives, hosts, strangers] = [
      place('certificates'),
      place('archives'),
      place('hosts'),
      place('strangers'),
    ];
    const [tls] = await Promise.all([makeCertificate(certificates, 'ca'), makeCertificate(certificates, 'other')]);
    const storage = join(directory, 'registry');
    const registries = await Promise.all([
      Registry.start({ storage }),
      Registry.start({ storage, tls }),
      Registry.start({ storage, password: true }),
    ]);
    for (const registry of registries) resources.use(registry);
    const [plain, secure, guarded] = registries;

    const layout = new OciLayout(join(directory, 'layout'));
    const [bottom, middle, top] = await addImages(layout);
    for (const name of layout.images.keys()) await plain.push(layout, name);
    await layout.archive(join(archives, 'oci.tar'));
    writeDockerArchive(layout, bottom, join(archives, 'docker.tar'));
    writeFileSync(join(archives, 'not-a.tar'), 'not a tar\n'.repeat(100));
    writeHosts(hosts, secure.host, join(certificates, 'ca.crt'));
    writeHosts(strangers, secure.host, join(certificates, 'other.crt'));

    const digest = (name: string): string => layout.images.get(name)?.digest ?? '';
    const config = (name: string): string => readManifest(layout, digest(name)).config.digest;
    const facts = new Map([
      ['world', directory],
      ['certificates', certificates],
      ['archives', archives],
      ['hosts', hosts],
      ['strangers', strangers],
      ['plain', plain.host],
      ['tls', secure.host],
      ['auth', guarded.host],
      ['image', `${plain.host}/lab/busybox:1`],
      ['manifest', digest('lab/busybox:1')],
      ['config', config('lab/busybox:1')],
      ['layer', bottom.digest],
      ['diff', bottom.diffId],
      ['manifests', digest('lab/index:1')],
      ['three', digest('lab/layers:3')],
      ['second', middle.digest],
      ['third', top.digest],
      ['chain', chainOf(bottom, middle, top)],
    ]);
    return new TourWorld(facts, resources.move());
  }

  private constructor(facts: Facts, resources: AsyncDisposableStack) {
    this.facts = facts;
    this.#resources = resources;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** A small image, one with layers that change and remove what is below, one for two architectures. Gives the layers. */
async function addImages(layout: OciLayout): Promise<[Layer, Layer, Layer]> {
  const bottom = await layout.addLayer(busyboxEntries());
  const middle = await layout.addLayer([
    { name: 'srv/', type: 'directory', mode: 0o750, uid: 1000, gid: 1000 },
    { name: 'srv/kept', content: 'kept\n', mode: 0o4755 },
    { name: 'srv/removed', content: 'removed\n' },
    { name: 'srv/link', type: 'symlink', linkName: 'kept' },
    { name: 'srv/hard', type: 'hardlink', linkName: 'srv/kept' },
  ]);
  const top = await layout.addLayer([
    { name: 'srv/.wh.removed' },
    { name: 'srv/added', content: 'added\n', xattrs: { 'user.colour': 'green' } },
  ]);
  layout.addImage('lab/busybox:1', [bottom]);
  layout.addImage('lab/layers:3', [bottom, middle, top], {
    Env: ['PATH=/bin', 'COLOUR=green'],
    WorkingDir: '/srv',
    User: '1000:1000',
    Entrypoint: ['sh', '-c'],
    Cmd: ['pwd; id; echo $COLOUR'],
  });
  const other = await layout.addLayer([{ name: 'other', content: 'of another architecture\n' }]);
  layout.addIndex('lab/index:1', { amd64: [bottom, top], arm64: [bottom, other] });
  return [bottom, middle, top];
}

/** The key of the snapshot that layers become. */
function chainOf(bottom: Layer, ...others: readonly Layer[]): string {
  const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  return others.reduce((chain, { diffId }) => digest(`${chain} ${diffId}`), bottom.diffId);
}

/** A certificate for 127.0.0.1 that vouches for itself. */
async function makeCertificate(directory: string, name: string): Promise<{ certificate: string; key: string }> {
  const certificate = join(directory, `${name}.crt`);
  const key = join(directory, `${name}.key`);
  const { code, stderr } = await runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ]);
  if (code !== 0) throw new Error(`openssl: ${stderr}`);
  return { certificate, key };
}

/** A hosts directory that knows the registry with TLS. */
function writeHosts(directory: string, host: string, authority: string): void {
  mkdirSync(join(directory, host));
  const text = `server = "https://${host}"\n[host."https://${host}"]\n  ca = "${authority}"\n`;
  writeFileSync(join(directory, host, 'hosts.toml'), text);
}

interface Manifest {
  readonly config: { readonly digest: string };
}

function readManifest(layout: OciLayout, digest: string): Manifest {
  return JSON.parse(readFileSync(layout.blobPath(digest), 'utf8')) as Manifest;
}

/** What `docker save` writes. */
function writeDockerArchive(layout: OciLayout, layer: Layer, path: string): void {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  });
  const name = `${createHash('sha256').update(config).digest('hex')}.json`;
  const content = gunzipSync(readFileSync(layout.blobPath(layer.digest)));
  const manifest = [{ Config: name, RepoTags: ['lab.test/docker:1'], Layers: ['bottom/layer.tar'] }];
  const entries = [
    { name, content: config },
    { name: 'bottom/', type: 'directory' },
    { name: 'bottom/layer.tar', content },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
  writeFileSync(path, tar(entries));
}
