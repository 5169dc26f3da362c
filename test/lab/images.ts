import { readFileSync } from 'node:fs';
import type { Layer, OciLayout } from './oci-layout.ts';
import { peers } from './peers.ts';
import { PseudoRandom } from './pseudo-random.ts';
import { type TarEntry, tarEnd, tarEntry } from './tar-writer.ts';

/** The names of {@link images}, each a repository and a tag. */
export type ImageName = 'lab/busybox:1' | 'lab/layers:127' | 'lab/many-files:1' | 'lab/large:1';

const applets = ['sh', 'true', 'false', 'echo', 'cat', 'sleep', 'ls', 'ps', 'id', 'env', 'stat', 'seq', 'kill', 'tty'];
const more = [
  'printf',
  'head',
  'wc',
  'grep',
  'test',
  'date',
  'mkdir',
  'rm',
  'sed',
  'dd',
  'stty',
  'trap',
  'yes',
  'tail',
];

/** The entries of a small root file system: a static busybox and links to it. */
export function busyboxEntries(): TarEntry[] {
  return [
    ...['bin/', 'dev/', 'etc/', 'proc/', 'root/', 'sys/', 'tmp/'].map((name) => ({ name, type: 'directory' })),
    { name: 'bin/busybox', mode: 0o755, content: readFileSync(peers.busybox()) },
    ...[...applets, ...more].map((name) => ({ name: `bin/${name}`, type: 'symlink', linkName: 'busybox' })),
    { name: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/tmp:/bin/sh\n' },
    { name: 'etc/group', content: 'root:x:0:\nguest:x:1000:\n' },
  ];
}

function busyboxLayer(layout: OciLayout): Promise<Layer> {
  return layout.addLayer(busyboxEntries());
}

/** `count` layers, of which each adds a file of its own, over busybox. */
async function addManyLayers(layout: OciLayout, name: ImageName, count: number): Promise<void> {
  const layers = [await busyboxLayer(layout)];
  for (let number = 2; number <= count; number++) {
    layers.push(await layout.addLayer([{ name: `layer-${String(number)}`, content: `${String(number)}\n` }]));
  }
  layout.addImage(name, layers);
}

/** Files of some KiB, of which a half compresses away: like a language's package tree. */
function* manyFiles(seed: string, count: number): Generator<TarEntry> {
  const random = new PseudoRandom(seed);
  const text = Buffer.from('export function handler(request, response) { return response.status(200); }\n'.repeat(400));
  yield { name: `${seed}/`, type: 'directory' };
  let directory = '';
  for (let number = 0; number < count; number++) {
    if (number % 40 === 0) {
      directory = `${seed}/d${String(Math.floor(number / 40))}/`;
      yield { name: directory, type: 'directory' };
    }
    // Sizes are skewed as real ones are: most are small, few are large. The mean gives 355 MB for 68,000 files.
    const size = 64 + Math.floor((random.below(1000) / 1000) ** 3 * 4 * 5030);
    const content = Buffer.concat([random.bytes(size), text.subarray(0, size)]);
    yield { name: `${directory}f${String(number)}.js`, content };
  }
}

async function addManyFiles(layout: OciLayout, name: ImageName): Promise<void> {
  const layers = [
    await busyboxLayer(layout),
    await layout.addLayer(manyFiles('first', 34_000)),
    await layout.addLayer(manyFiles('second', 34_000)),
  ];
  layout.addImage(name, layers);
}

/** busybox and, in an uncompressed layer, one file of 1 GiB. */
async function addLarge(layout: OciLayout, name: ImageName): Promise<void> {
  const size = 1 << 30;
  const step = 1 << 20;
  const random = new PseudoRandom('large');
  const chunks = function* (): Generator<Buffer> {
    yield tarEntry({ name: 'large', size });
    for (let done = 0; done < size; done += step) yield random.bytes(step);
    yield tarEnd;
  };
  layout.addImage(name, [await busyboxLayer(layout), await layout.addTarLayer(chunks(), 'none')]);
}

/** The images that tests and the bench use; each takes a layout, adds itself under its own name and may be pushed from there. */
export const images: Readonly<Record<ImageName, (layout: OciLayout) => Promise<void>>> = {
  /** A root file system of busybox; runs `sh`. */
  'lab/busybox:1': async (layout) => {
    layout.addImage('lab/busybox:1', [await busyboxLayer(layout)]);
  },
  /** 127 layers. */
  'lab/layers:127': (layout) => addManyLayers(layout, 'lab/layers:127', 127),
  /** 68,000 small files in two layers, about 355 MB compressed. Takes half a minute to make. */
  'lab/many-files:1': (layout) => addManyFiles(layout, 'lab/many-files:1'),
  /** A layer blob of 1 GiB. */
  'lab/large:1': (layout) => addLarge(layout, 'lab/large:1'),
};
