import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxEntries, images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { Registry } from '../lab/registry.ts';
import { type TarEntry, tarEnd, tarEntry } from '../lab/tar-writer.ts';

const directory = join(import.meta.dirname, '..', '..', '.cache', 'bench');

/** The images of the bench. */
export type BenchImage = 'busybox' | 'manyFiles' | 'large' | 'sharedBase' | 'sharedTop';

interface Recipe {
  /** Repository and tag. */
  readonly name: string;
  make(layout: OciLayout): Promise<void>;
}

/** The tag counts up when an image's content changes. */
const recipes: Readonly<Record<BenchImage, Recipe>> = {
  busybox: { name: 'lab/busybox:1', make: images['lab/busybox:1'] },
  manyFiles: { name: 'lab/many-files:1', make: images['lab/many-files:1'] },
  large: { name: 'bench/large:1', make: addLarge },
  sharedBase: { name: 'bench/shared-base:1', make: (layout) => addShared(layout, 'bench/shared-base:1', []) },
  sharedTop: {
    name: 'bench/shared-top:1',
    make: (layout) => addShared(layout, 'bench/shared-top:1', [{ name: 'top', content: 'one file of its own\n' }]),
  },
};

/** busybox, and one layer with one file of 1 GB that gzip halves. */
async function addLarge(layout: OciLayout): Promise<void> {
  const step = 1 << 20;
  const steps = 954;
  const random = new PseudoRandom('large');
  const text = Buffer.from(
    'export function handler(request, response) { return response.status(200); }\n'.repeat(7000),
  );
  const chunks = function* (): Generator<Buffer> {
    yield tarEntry({ name: 'large', size: steps * step });
    for (let done = 0; done < steps; done++) yield Buffer.concat([random.bytes(step / 2), text.subarray(0, step / 2)]);
    yield tarEnd;
  };
  layout.addImage('bench/large:1', [await layout.addLayer(busyboxEntries()), await layout.addTarLayer(chunks())]);
}

/** Four layers that both images share, and those of the one alone. */
async function addShared(layout: OciLayout, name: string, own: readonly TarEntry[]): Promise<void> {
  const layers = [await layout.addLayer(busyboxEntries())];
  for (const number of [1, 2, 3]) {
    const random = new PseudoRandom(`shared-${String(number)}`);
    const files = Array.from({ length: 500 }, (_, index) => ({
      name: `layer-${String(number)}-${String(index)}`,
      content: random.bytes(2000 + random.below(20_000)),
    }));
    layers.push(await layout.addLayer(files));
  }
  if (own.length > 0) layers.push(await layout.addLayer(own));
  layout.addImage(name, layers);
}

/** A registry that holds the bench's images; its storage is kept, since the large ones take a minute to make. */
export class BenchRegistry implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #storage: string;

  static async start(): Promise<BenchRegistry> {
    const storage = join(directory, 'registry');
    return new BenchRegistry(await Registry.start({ storage }), storage);
  }

  private constructor(registry: Registry, storage: string) {
    this.#registry = registry;
    this.#storage = storage;
  }

  /** The reference of an image, which is made now if it was never before. */
  async image(which: BenchImage): Promise<string> {
    const recipe = recipes[which];
    const { name } = recipe;
    const complete = join(this.#storage, `complete-${name.replaceAll(/[/:]/g, '-')}`);
    if (!existsSync(complete)) {
      console.error(`making ${name} (once)`);
      const files = join(directory, 'layout');
      rmSync(files, { recursive: true, force: true });
      mkdirSync(files, { recursive: true });
      const layout = new OciLayout(files);
      await recipe.make(layout);
      await this.#registry.push(layout, name);
      rmSync(files, { recursive: true });
      writeFileSync(complete, '');
    }
    return `${this.#registry.host}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
  }
}
