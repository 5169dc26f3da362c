import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { BlobDescriptor, OciLayout } from './oci-layout.ts';
import { peers } from './peers.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** A manifest or an index. */
interface Manifest {
  readonly config?: BlobDescriptor;
  readonly layers?: readonly BlobDescriptor[];
  readonly manifests?: readonly BlobDescriptor[];
}

/** How a registry is set up. */
export interface RegistryOptions {
  /** A storage directory to use and keep, instead of a temporary one. */
  readonly storage?: string;
  /** YAML that is appended to the configuration. */
  readonly config?: string;
  /** Serves over TLS, with these files. What is pushed by `push` goes through another one that shares the storage. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Asks for the password of `registryUser`. */
  readonly password?: boolean;
}

/** Whom a registry with a password knows. */
export const registryUser = { name: 'lab', password: 'secret' } as const;

// The registry takes bcrypt alone, which Node does not make: this is registryUser's password.
const htpasswd = `${registryUser.name}:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n`;

/**
 * Debian's docker-registry on a loopback port of its own; plain HTTP and open to all unless told otherwise.
 *
 * @example
 * await using registry = await Registry.start();
 * const reference = await registry.push(layout, 'busybox:1');
 */
export class Registry implements AsyncDisposable {
  /** Host and port, the first part of a reference. */
  readonly host: string;
  readonly #temporary: TemporaryDirectory;
  readonly #child: Child;

  /** @throws Error with the registry's log when it ends before it answers. */
  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const temporary = new TemporaryDirectory('registry-');
    const storage = options.storage ?? join(temporary.path, 'storage');
    mkdirSync(storage, { recursive: true });
    const configFile = join(temporary.path, 'config.yml');
    const storageConfig = `storage:\n  filesystem:\n    rootdirectory: ${storage}\n  delete:\n    enabled: true`;
    const log = 'log:\n  level: info\n  accesslog:\n    disabled: true';
    const http = 'http:\n  addr: 127.0.0.1:0';
    const sections = [log, storageConfig, http, ...accessConfig(temporary.path, options), options.config ?? ''];
    writeFileSync(configFile, ['version: 0.1', ...sections, ''].join('\n'));
    const child = await Child.start(peers.registry(), ['serve', configFile]);
    try {
      // It logs this line right before it accepts.
      const [, host = ''] = await child.message(/listening on (127\.0\.0\.1:\d+)/);
      return new Registry(host, temporary, child);
    } catch (error) {
      temporary[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(host: string, temporary: TemporaryDirectory, child: Child) {
    this.host = host;
    this.#temporary = temporary;
    this.#child = child;
  }

  /** All it logged. */
  get log(): string {
    return this.#child.stderr + this.#child.stdout;
  }

  /**
   * Pushes the image of that name in a layout, as `name` (repository and tag), and gives the whole reference.
   * @throws Error with the registry's answer.
   */
  async push(layout: OciLayout, name: string): Promise<string> {
    const manifest = layout.images.get(name);
    if (!manifest) throw new Error(`the layout has no image "${name}"`);
    const [repository, tag] = splitTag(name);
    await this.#pushManifest(layout, repository, manifest, tag);
    return `${this.host}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#child.exited;
    this.#temporary[Symbol.dispose]();
  }

  /** Pushes a manifest, or an index, after what it points at. */
  async #pushManifest(layout: OciLayout, repository: string, pushed: BlobDescriptor, tag: string): Promise<void> {
    const content = readFileSync(layout.blobPath(pushed.digest));
    const { config, layers, manifests } = JSON.parse(content.toString()) as Manifest;
    for (const member of manifests ?? []) await this.#pushManifest(layout, repository, member, member.digest);
    for (const blob of [...(config ? [config] : []), ...(layers ?? [])])
      await this.#pushBlob(repository, blob, layout.blobPath(blob.digest));
    const path = `/v2/${repository}/manifests/${tag}`;
    await this.#call('PUT', path, 201, { 'content-type': pushed.mediaType }, content);
  }

  async #pushBlob(repository: string, blob: BlobDescriptor, path: string): Promise<void> {
    const { headers } = await this.#call('POST', `/v2/${repository}/blobs/uploads/`, 202, {});
    const location = new URL(headers.location ?? '', `http://${this.host}`);
    location.searchParams.set('digest', blob.digest);
    await this.#call('PUT', location.pathname + location.search, 201, { 'content-length': statSync(path).size }, path);
  }

  /** One request; a string body is a file's path. */
  async #call(
    method: string,
    path: string,
    expected: number,
    headers: Readonly<Record<string, string | number>>,
    body: Buffer | string = Buffer.alloc(0),
  ): Promise<IncomingMessage> {
    const [hostname, port] = this.host.split(':');
    const outgoing = request({ hostname, port, method, path, headers, agent: false });
    if (typeof body === 'string') createReadStream(body).pipe(outgoing);
    else outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    if (response.statusCode !== expected) {
      const answer = Buffer.concat(chunks).toString();
      throw new Error(`registry: ${method} ${path}: ${String(response.statusCode)} ${answer}\n${this.log}`);
    }
    return response;
  }
}

/** The rest of the section `http`, and who may come in. */
function accessConfig(directory: string, { tls, password }: RegistryOptions): string[] {
  const sections = tls ? [`  tls:\n    certificate: ${tls.certificate}\n    key: ${tls.key}`] : [];
  if (password === true) {
    const file = join(directory, 'htpasswd');
    writeFileSync(file, htpasswd);
    sections.push(`auth:\n  htpasswd:\n    realm: lab\n    path: ${file}`);
  }
  return sections;
}

function splitTag(name: string): [repository: string, tag: string] {
  const colon = name.lastIndexOf(':');
  if (colon < 0) throw new Error(`"${name}" has no tag`);
  return [name.slice(0, colon), name.slice(colon + 1)];
}
