import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { Child } from '../lab/child.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { editSpec, type ShimBundle } from '../lab/shim-bundle.ts';
import { chosenShims, tellingFirst } from '../lab/shim-choice.ts';
import { processEnded } from '../lab/process-ended.ts';
import { ShimClient } from '../lab/shim-client.ts';
import { ShimContainer } from '../lab/shim-container.ts';
import { ShimLab } from '../lab/shim-lab.ts';

/** `make soak-shim` sets more. */
const count = Number(process.env['BUNDLES'] ?? 60);

/** What is done to a spec, by its text. What comes after `annotations` stays: where the cgroup is must not be a matter of chance. */
const spoilings: Readonly<Record<string, (text: string, random: PseudoRandom) => string | Buffer>> = {
  flipped(text, random) {
    const bytes = Buffer.from(text);
    const end = text.indexOf('"annotations"');
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      const at = random.below(end);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
    return bytes;
  },
  cut: (text, random) => text.slice(0, random.below(text.length)),
  random: (_, random) => random.bytes(random.below(3000)),
  empty: () => '',
  deep: () => `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  deepObject: () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  long: (text) => text.replace('"lab"', JSON.stringify('x'.repeat(8 << 20))),
  otherTypes: (text, random) =>
    text.replace(
      ['"ociVersion":"1.0.2"', '"terminal":false', '"path":"rootfs"', '"annotations":{}'][random.below(4)] ?? '',
      ['"ociVersion":[]', '"terminal":"yes"', '"path":7', '"annotations":{"io.containerd.runc.v2.group":7}'][
        random.below(4)
      ] ?? '',
    ),
  null: () => 'null',
  group: (text, random) =>
    text.replace(
      '"annotations":{}',
      `"annotations":{"io.containerd.runc.v2.group":${JSON.stringify(
        ['../../../../../../tmp/x', 'x'.repeat(5000), 'a\0b', '', '/', 'ä'.repeat(200)][random.below(6)],
      )}}`,
    ),
};

/** Starts, creates, runs and removes what can be; everything may be refused, nothing may hang. */
async function tryLife(lab: ShimLab, bundle: ShimBundle): Promise<void> {
  let container: ShimContainer;
  try {
    container = await ShimContainer.create(lab, {}, { bundle });
  } catch (error) {
    assert.ok(error instanceof Error && error.message !== '');
    assert.ok(!(error instanceof KindError) || error.kind !== 'unavailable', `the shim died: ${error.message}`);
    return;
  }
  await container.start().catch(() => undefined);
  await container.end();
}

for (const shim of chosenShims()) {
  describe(`random bundles for ${shim.name}`, () => {
    test(
      `${count} specs are refused or run`,
      tellingFirst(async (t) => {
        const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
        t.diagnostic(`SEED=${seed}`);
        const random = new PseudoRandom(seed);
        await using lab = await ShimLab.open(shim);
        const names = Object.keys(spoilings);
        for (let index = 0; index < count; index++) {
          const name = names[index % names.length] ?? '';
          const bundle = lab.bundle({ args: ['/bin/true'] });
          const file = join(bundle.path, 'config.json');
          writeFileSync(file, spoilings[name]?.(readFileSync(file, 'utf8'), random) ?? '');
          await tryLife(lab, bundle);
          const left = lab.leftovers();
          assert.deepEqual(left, [], `after spec ${index} (${name})`);
        }
        const container = await ShimContainer.run(lab);
        assert.equal(await container.exec(['/bin/true']), 0);
        await container.end();
      }),
    );

    test(
      'files that a shim left are believed no more than they can be',
      tellingFirst(async (t) => {
        const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
        t.diagnostic(`SEED=${seed}`);
        const random = new PseudoRandom(seed);
        await using lab = await ShimLab.open(shim);
        const stranger = await Child.start('sleep', ['1000']);
        try {
          const files = ['init.pid', 'options.json', 'runtime', 'log.json', 'bootstrap.json', 'address', 'init.exit'];
          for (let index = 0; index < Math.min(count, 40); index++) {
            const bundle = lab.bundle();
            for (const name of [...files, 'successor.json', 'shim-binary-path']) {
              if (random.below(3) === 0) continue;
              const contents = [
                random.bytes(random.below(500)),
                `${stranger.pid}`,
                '-1',
                '0',
                '{"binary_name":7,"root":["/"]}',
                '['.repeat(100_000),
                '../../../../../../bin/false',
              ];
              writeFileSync(join(bundle.path, name), contents[random.below(contents.length)] ?? '');
            }
            const answer = await lab.call(bundle, 'delete');
            // It may refuse, in so many words.
            if (answer.code !== 0) assert.notEqual(answer.stderr, '', `bundle ${index}`);
            const restarted = await lab.start(bundle).catch((error: unknown) => error);
            if (restarted instanceof ShimClient) {
              const pid = await restarted.pid();
              await restarted.task.shutdown({ id: bundle.id, now: true }).catch(() => undefined);
              await processEnded(pid);
              restarted[Symbol.dispose]();
            }
          }
          assert.deepEqual(lab.leftovers(), []);
          process.kill(stranger.pid, 0);
        } finally {
          stranger.kill('SIGKILL');
        }
        assert.equal((await stranger.exited).code, 137);
      }),
    );

    test(
      'a bundle that goes away beneath its shim does no harm to others',
      tellingFirst(async () => {
        await using lab = await ShimLab.open(shim);
        const annotations = { 'io.containerd.runc.v2.group': lab.namespace };
        lab.track(lab.namespace);
        const keeper = await ShimContainer.run(lab, { annotations });
        const bundle = lab.bundle({ annotations });
        const client = await lab.start(bundle);
        editSpec(bundle, (spec) => delete spec['root']);
        const create = { id: bundle.id, bundle: bundle.path, rootfs: [], terminal: false, stdin: '', stdout: '' };
        const request = { ...create, stderr: '', checkpoint: '', parentCheckpoint: '', options: undefined };
        await assert.rejects(client.task.create(request));
        rmSync(bundle.path, { recursive: true });
        await assert.rejects(client.task.create(request));
        mkdirSync(bundle.path);
        client[Symbol.dispose]();
        assert.equal(await keeper.exec(['/bin/true']), 0);
        await keeper.end();
        // Some name their socket after the group, and forget it then.
        rmSync(keeper.shim.path, { force: true });
      }),
    );
  });
}
