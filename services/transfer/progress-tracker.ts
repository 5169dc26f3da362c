import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { refKey } from './ref-key.ts';
import type { ReportProgress } from './transferrer.ts';

/** Milliseconds between two reports of the bytes of one blob. */
const interval = 300;

interface Job {
  readonly descriptor: Descriptor;
  readonly name: string;
  readonly parents: readonly string[];
  event: string;
  progress: number;
  changed: boolean;
}

/**
 * Reports what happens to each blob of a transfer: changes of state at once, bytes every 300 ms and only when there are new ones.
 * Disposing stops it.
 */
export class ProgressTracker implements Disposable {
  readonly #root: string;
  readonly #moving: 'downloading' | 'uploading';
  readonly #report: ReportProgress;
  readonly #jobs = new Map<string, Job>();
  readonly #parents = new Map<string, string[]>();
  readonly #timer: NodeJS.Timeout;

  /** `root` is the name above the first blob. */
  constructor(root: string, moving: 'downloading' | 'uploading', report: ReportProgress) {
    this.#root = root;
    this.#moving = moving;
    this.#report = report;
    this.#timer = setInterval(() => this.#reportBytes(), interval).unref();
  }

  /** The blob is wanted. */
  add(descriptor: Descriptor): void {
    if (this.#jobs.has(descriptor.digest)) return;
    const parents = this.#parents.get(descriptor.digest) ?? [this.#root];
    const job = { descriptor, name: refKey(descriptor), parents, event: 'waiting', progress: 0, changed: false };
    this.#jobs.set(descriptor.digest, job);
    this.#send(job);
  }

  /** Notes what a blob points to; before the children are added. */
  addChildren(parent: Descriptor, children: readonly Descriptor[]): void {
    const name = refKey(parent);
    for (const { digest } of children) {
      const names = this.#parents.get(digest);
      if (names === undefined) this.#parents.set(digest, [name]);
      else if (!names.includes(name)) names.push(name);
    }
  }

  /** The blob is there already. */
  exists(descriptor: Descriptor): void {
    this.#turn(descriptor, 'already exists', descriptor.size);
  }

  /** So many bytes of the blob have been moved. */
  moved(descriptor: Descriptor, bytes: number): void {
    this.#bytes(descriptor, this.#moving, bytes);
  }

  /** The whole blob has been moved. */
  complete(descriptor: Descriptor): void {
    this.#turn(descriptor, 'complete', descriptor.size);
  }

  /** So many bytes of the layer have been unpacked. */
  extracting(descriptor: Descriptor, bytes: number): void {
    this.#bytes(descriptor, 'extracting', bytes);
  }

  /** The layer has been unpacked. */
  extracted(descriptor: Descriptor): void {
    this.#turn(descriptor, 'extracted', descriptor.size);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #turn(descriptor: Descriptor, event: string, progress: number): void {
    const job = this.#jobs.get(descriptor.digest);
    if (job === undefined || job.event === event) return;
    Object.assign(job, { event, progress, changed: false });
    this.#send(job);
  }

  #bytes(descriptor: Descriptor, event: string, progress: number): void {
    const job = this.#jobs.get(descriptor.digest);
    if (job !== undefined && (job.event !== event || job.progress !== progress)) {
      Object.assign(job, { event, progress, changed: true });
    }
  }

  #reportBytes(): void {
    for (const job of this.#jobs.values()) {
      if (!job.changed) continue;
      job.changed = false;
      this.#send(job);
    }
  }

  #send(job: Job): void {
    const { event, name, parents, progress, descriptor } = job;
    this.#report({
      event,
      name,
      // containerd leaves them out here; clients then keep what they know.
      ...(event === 'already exists' ? {} : { parents }),
      progress,
      total: descriptor.size,
      descriptor,
    });
  }
}
