import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorKind } from '../../pkg/errors/error-kind.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { ProxyContentStore } from '../../plugins/proxy/proxy-content-store.ts';
import { Ctr } from '../lab/ctr.ts';
import type { DaemonCalls } from '../lab/daemon-calls.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { exportImage } from '../lab/export-image.ts';
import type { PseudoRandom } from '../lab/pseudo-random.ts';
import { runProgram } from '../lab/run-program.ts';
import { uniqueName } from '../lab/unique-name.ts';
import { Ledger, type ImageParts } from './ledger.ts';

/** What the load is made of. */
export interface LoadParts {
  readonly daemon: DaemonUnderTest;
  readonly calls: DaemonCalls;
  readonly random: PseudoRandom;
  /** What containers are made of; always there. */
  readonly image: string;
  /** Images to pull and to remove, by their references. */
  readonly pool: ReadonlyMap<string, ImageParts>;
  /** A container that runs all the time, for execs. */
  readonly host: string;
}

const snapshotter = 'overlayfs';
/** So that no garbage collection takes what nothing else refers to. */
const rooted = new Map([['containerd.io/gc.root', 'test']]);
/** A daemon that dies is heard of as one of these. */
const kindsOfDeath: readonly ErrorKind[] = ['unavailable', 'canceled', 'internal'];

/**
 * A load of everything that changes records, several actions at once, each on things of its own. What was acknowledged is in the ledger.
 * An action may fail only after `daemonIsDying` was called.
 */
export class MixedLoad {
  readonly ledger = new Ledger();
  readonly #parts: LoadParts;
  readonly #ctr: Ctr;
  /** What actions under way have taken for themselves. */
  readonly #claimed = new Set<string>();
  #dying = false;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.#ctr = new Ctr(parts.daemon);
  }

  /** From now on, failures are excused, until the actions under way have ended. */
  daemonIsDying(): void {
    this.#dying = true;
  }

  /** Does so many things at once, chosen at random; ends when all have ended. @throws what an action may not throw. */
  async run(count: number): Promise<void> {
    this.#dying = false;
    const menu = [
      () => this.#runSleeper(),
      () => this.#runSleeper(),
      () => this.#runEnder(),
      () => this.#kill(),
      () => this.#delete(),
      () => this.#exec(),
      () => this.#pull(),
      () => this.#pull(),
      () => this.#removeImage(),
      () => this.#exportImage(),
      () => this.#snapshot(),
      () => this.#removeSnapshot(),
      () => this.#lease(),
      () => this.#write(),
      () => this.#write(),
      () => this.#deleteBlob(),
      () => this.#abort(),
    ];
    const chosen = Array.from({ length: count }, () => menu[this.#parts.random.below(menu.length)]);
    const outcomes = await Promise.allSettled(chosen.map(async (action) => action?.()));
    this.#claimed.clear();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Takes the containers away that are over, and all but a few of the others, so that there are never many. */
  async thin(): Promise<void> {
    const { calls, host } = this.#parts;
    const { containers } = await calls.containers.list({ filters: [] }, calls.options);
    const sleepers = [...this.ledger.running.present.keys()].filter((id) => id !== host);
    const keep = new Set([host, ...sleepers.slice(-3)]);
    for (const { id } of containers) if (!keep.has(id) && !id.startsWith('writer')) await this.remove(id);
    for (const key of [...this.ledger.snapshots.present.keys()].slice(0, -3)) await this.#dropSnapshot(key);
  }

  /** Removes a container with its task and its snapshot, whatever of them there is. */
  async remove(id: string): Promise<void> {
    const { calls } = this.#parts;
    const { options } = calls;
    await ifThere(
      calls.tasks.kill({ containerId: id, execId: '', signal: 9, all: true }, options),
      'failed-precondition',
    );
    await ifThere(
      calls.tasks.wait({ containerId: id, execId: '' }, { ...options, timeout: 30_000 }),
      'failed-precondition',
    );
    await ifThere(calls.tasks.delete({ containerId: id }, options));
    for (const names of [this.ledger.running, this.ledger.ending]) names.remove(id);
    await ifThere(calls.containers.delete({ id }, options));
    this.ledger.containers.remove(id);
    await ifThere(calls.snapshots.remove({ snapshotter, key: id }, options));
    this.ledger.snapshots.remove(id);
  }

  /** A `ctr` command; false when it failed because the daemon died. @throws when it failed before. */
  async #acknowledged(args: readonly string[]): Promise<boolean> {
    const { code, stderr } = await this.#ctr.run(args);
    if (code === 0) return true;
    if (this.#dying) return false;
    throw new Error(`ctr ${args.join(' ')}: ${stderr}`);
  }

  /** A call over the socket, likewise. */
  async #answered(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (error) {
      if (this.#dying && error instanceof KindError && kindsOfDeath.includes(error.kind)) return false;
      throw error;
    }
  }

  /** Takes one of these that no other action has; undefined when there is none. */
  #claim(names: Iterable<string>): string | undefined {
    const free = [...names].filter((name) => !this.#claimed.has(name));
    const name = free[this.#parts.random.below(Math.max(free.length, 1))];
    if (name !== undefined) this.#claimed.add(name);
    return name;
  }

  async #runSleeper(): Promise<void> {
    const id = uniqueName('sleeper');
    if (!(await this.#acknowledged(['run', '-d', this.#parts.image, id, 'sleep', '100000']))) return;
    this.ledger.containers.add(id, undefined);
    this.ledger.running.add(id, undefined);
  }

  async #runEnder(): Promise<void> {
    const id = uniqueName('ender');
    const code = 1 + this.#parts.random.below(100);
    const script = `sleep 0.${String(this.#parts.random.below(10))}; exit ${String(code)}`;
    if (!(await this.#acknowledged(['run', '-d', this.#parts.image, id, 'sh', '-c', script]))) return;
    this.ledger.containers.add(id, undefined);
    this.ledger.ending.add(id, code);
  }

  async #kill(): Promise<void> {
    const { calls, host } = this.#parts;
    const id = this.#claim(
      [...this.ledger.running.present.keys()].filter((name) => name !== host && name.startsWith('sleeper')),
    );
    if (id === undefined) return;
    this.ledger.running.forget(id);
    const request = { containerId: id, execId: '', signal: 9, all: false };
    if (await this.#answered(calls.tasks.kill(request, calls.options))) this.ledger.ending.add(id, 137);
  }

  /** Of a task that has been killed or has ended: the task, then its container, then its snapshot. */
  async #delete(): Promise<void> {
    const { calls } = this.#parts;
    const { options } = calls;
    const id = this.#claim(this.ledger.ending.present.keys());
    if (id === undefined) return;
    const over = await this.#answered(calls.tasks.wait({ containerId: id, execId: '' }, options));
    if (!over) return;
    this.ledger.ending.forget(id);
    if (!(await this.#answered(calls.tasks.delete({ containerId: id }, options)))) return;
    this.ledger.ending.remove(id);
    this.ledger.containers.forget(id);
    if (!(await this.#answered(calls.containers.delete({ id }, options)))) return;
    this.ledger.containers.remove(id);
    if (await this.#answered(calls.snapshots.remove({ snapshotter, key: id }, options)))
      this.ledger.snapshots.remove(id);
  }

  async #exec(): Promise<void> {
    await this.#acknowledged(['task', 'exec', '--exec-id', uniqueName('e'), this.#parts.host, 'true']);
  }

  async #pull(): Promise<void> {
    const { pool } = this.#parts;
    const reference = this.#claim([...pool.keys()].filter((name) => !this.ledger.images.present.has(name)));
    const parts = reference === undefined ? undefined : pool.get(reference);
    if (reference === undefined || parts === undefined) return;
    this.ledger.images.forget(reference);
    if (await this.#acknowledged(['image', 'pull', '--plain-http', reference]))
      this.ledger.images.add(reference, parts);
  }

  /** With a garbage collection, which must leave alone what others are about to refer to. */
  async #removeImage(): Promise<void> {
    const { calls, pool } = this.#parts;
    const name = this.#claim([...this.ledger.images.present.keys()].filter((reference) => pool.has(reference)));
    if (name === undefined) return;
    this.ledger.images.forget(name);
    if (await this.#answered(calls.images.delete({ name, sync: true }, calls.options))) this.ledger.images.remove(name);
  }

  async #exportImage(): Promise<void> {
    const { calls, daemon, image } = this.#parts;
    const file = join(daemon.directory, uniqueName('export'));
    if (await this.#answered(exportImage(calls, file, image))) {
      const { code, stdout, stderr } = await runProgram('tar', ['-tf', file]);
      if (code !== 0 || !stdout.includes('index.json'))
        throw new Error(`an acknowledged export is no archive: ${stderr}`);
    }
    rmSync(file, { force: true });
  }

  async #snapshot(): Promise<void> {
    const { calls } = this.#parts;
    const { options } = calls;
    const key = uniqueName('active');
    if (!(await this.#answered(calls.snapshots.prepare({ snapshotter, key, parent: '', labels: rooted }, options))))
      return;
    this.ledger.snapshots.add(key, undefined);
    const name = uniqueName('committed');
    this.ledger.snapshots.forget(key);
    const commit = calls.snapshots.commit({ snapshotter, name, key, labels: rooted, parent: '' }, options);
    if (!(await this.#answered(commit))) return;
    this.ledger.snapshots.remove(key);
    this.ledger.snapshots.add(name, undefined);
  }

  async #removeSnapshot(): Promise<void> {
    const key = this.#claim(this.ledger.snapshots.present.keys());
    if (key !== undefined) await this.#dropSnapshot(key);
  }

  async #dropSnapshot(key: string): Promise<void> {
    const { calls } = this.#parts;
    this.ledger.snapshots.forget(key);
    if (await this.#answered(calls.snapshots.remove({ snapshotter, key }, calls.options)))
      this.ledger.snapshots.remove(key);
  }

  /** One is made; one that was there goes, with a garbage collection. */
  async #lease(): Promise<void> {
    const { calls } = this.#parts;
    const id = uniqueName('lease');
    if (!(await this.#answered(calls.leases.create({ id, labels: new Map() }, calls.options)))) return;
    this.ledger.leases.add(id, undefined);
    const old = this.#claim([...this.ledger.leases.present.keys()].filter((name) => name !== id));
    if (old === undefined) return;
    this.ledger.leases.forget(old);
    if (await this.#answered(calls.leases.delete({ id: old, sync: true }, calls.options)))
      this.ledger.leases.remove(old);
  }

  /** Some MiB in pieces; one in three is not committed and stays, to be resumed. */
  async #write(): Promise<void> {
    const { calls, daemon, random } = this.#parts;
    const bytes = random.bytes(1 + random.below(3 << 20));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const ref = uniqueName('ingest');
    const commits = random.below(3) > 0;
    const store = new ProxyContentStore(calls.transport);
    const write = async (): Promise<void> => {
      const scope = { namespace: daemon.namespace, lease: undefined };
      await using writer = await store.writer(scope, { ref, total: bytes.length });
      this.ledger.ingests.add(ref, 0);
      for (let begin = 0; begin < bytes.length; begin += 256 << 10)
        await writer.write(bytes.subarray(begin, begin + (256 << 10)));
      if (!commits) return;
      this.ledger.ingests.forget(ref);
      await writer.commit(bytes.length, digest, rooted);
      this.ledger.blobs.add(digest, bytes.length);
      this.ledger.ingests.remove(ref);
    };
    await this.#answered(write());
  }

  async #deleteBlob(): Promise<void> {
    const { calls } = this.#parts;
    const digest = this.#claim(this.ledger.blobs.present.keys());
    if (digest === undefined) return;
    this.ledger.blobs.forget(digest);
    if (await this.#answered(calls.content.delete({ digest }, calls.options))) this.ledger.blobs.remove(digest);
  }

  async #abort(): Promise<void> {
    const { calls } = this.#parts;
    const ref = this.#claim(this.ledger.ingests.present.keys());
    if (ref === undefined) return;
    this.ledger.ingests.forget(ref);
    if (await this.#answered(calls.content.abort({ ref }, calls.options))) this.ledger.ingests.remove(ref);
  }
}

async function ifThere(call: Promise<unknown>, ...kinds: readonly ErrorKind[]): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof KindError && (error.kind === 'not-found' || kinds.includes(error.kind))) return;
    throw error;
  }
}
