import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CertificateAuthority, type CertificateFiles } from '../lab/certificate-authority.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { forward, HostileServer } from '../lab/hostile-server.ts';
import { images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry, registryUser } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

const image = 'lab/busybox:1';
const user = `${registryUser.name}:${registryUser.password}`;
/** A registry that is nowhere: only its mirrors are. */
const nowhere = 'registry.invalid';

// The real containerd comes first: it judges what is expected.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`registries and their configuration, with ${kind}`, () => {
    const directory = new TemporaryDirectory('access-');
    const storage = join(directory.path, 'storage');
    let authority: CertificateAuthority;
    let server: CertificateFiles;
    let plain: Registry;
    let daemon: DaemonUnderTest;
    let ctr: Ctr;
    let number = 0;

    before(async () => {
      authority = new CertificateAuthority(directory.path);
      server = authority.issue('server', 'IP:127.0.0.1,DNS:localhost');
      const layout = new OciLayout(join(directory.path, 'layout'));
      await images[image](layout);
      plain = await Registry.start({ storage });
      await plain.push(layout, image);
      daemon = await DaemonUnderTest.start({ kind });
      ctr = new Ctr(daemon);
    });
    after(async () => {
      await daemon[Symbol.asyncDispose]();
      await plain[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    /** A directory of hosts' configurations with one file for one registry. */
    function hosts(registry: string, toml: string): string {
      const hostsDirectory = join(directory.path, `hosts-${String(++number)}`);
      const folder = join(hostsDirectory, registry);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'hosts.toml'), toml);
      copyFileSync(authority.certificate, join(folder, 'ca.crt'));
      return hostsDirectory;
    }

    async function pull(reference: string, ...flags: string[]): Promise<{ code: number | string; output: string }> {
      const { code, stdout, stderr } = await ctr.run(['image', 'pull', ...flags, reference]);
      await ctr.run(['image', 'rm', '--sync', reference]);
      return { code, output: stdout + stderr };
    }

    async function pulls(reference: string, ...flags: string[]): Promise<void> {
      const { code, output } = await pull(reference, ...flags);
      assert.equal(code, 0, output);
    }

    async function fails(expected: RegExp, reference: string, ...flags: string[]): Promise<void> {
      const { code, output } = await pull(reference, ...flags);
      assert.equal(code, 1, output);
      assert.match(output, expected);
      assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), '');
    }

    function tlsOptions(files: CertificateFiles): ServerOptions {
      return { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
    }

    test('plain HTTP on loopback needs no flag', async () => {
      await pulls(`${plain.host}/${image}`);
    });

    test('TLS with an authority of its own', async () => {
      await using secure = await Registry.start({ storage, tls: server });
      const url = `https://${secure.host}`;
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `server = "${url}"\nca = "ca.crt"\n`));
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `server = "${url}"\nca = ["ca.crt"]\n`));
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `server = "${url}"\nskip_verify = true\n`));
      const unknown = /certificate signed by unknown authority/;
      await fails(unknown, `${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `server = "${url}"\n`));
      // This machine's own ports are not verified.
      await pulls(`${secure.host}/${image}`);
      const missing = hosts(nowhere, `server = "${url}"\nca = "none.crt"\n`);
      await fails(/unable to read CA cert/, `${nowhere}/${image}`, '--hosts-dir', missing);
    });

    test('client certificates', async () => {
      const options = { ...tlsOptions(server), ca: readFileSync(authority.certificate), requestCert: true };
      await using front = await HostileServer.start(
        (request, response) => forward(plain.host, request, response),
        options,
      );
      const client = authority.issue(`client-${kind}`, 'DNS:client');
      const pair = JSON.stringify([[client.certificate, client.key]]);
      const toml = `server = "https://${front.host}"\nca = "ca.crt"\n`;
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `${toml}client = ${pair}\n`));
      const both = join(directory.path, 'both.pem');
      writeFileSync(both, readFileSync(client.certificate, 'utf8') + readFileSync(client.key, 'utf8'));
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, `${toml}client = "${both}"\n`));
      assert.equal((await pull(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, toml))).code, 1);
      // As Docker lays them out, in a folder named after host and port.
      const docker = join(directory.path, `docker-${kind}`);
      const folder = join(docker, front.host.replace(/:(\d+)/, '_$1_'));
      mkdirSync(folder, { recursive: true });
      copyFileSync(authority.certificate, join(folder, 'ca.crt'));
      copyFileSync(client.certificate, join(folder, 'client.cert'));
      copyFileSync(client.key, join(folder, 'client.key'));
      await pulls(`${front.host}/${image}`, '--hosts-dir', docker);
    });

    test('basic authorization, with what the client gives', async () => {
      await using guarded = await Registry.start({ storage, password: true });
      const reference = `${guarded.host}/${image}`;
      await pulls(reference, '--plain-http', '--user', user);
      await fails(/no basic auth credentials/, reference, '--plain-http');
      await fails(/authorization failed|401 Unauthorized/, reference, '--plain-http', '--user', 'lab:wrong');
      await ctr.ok(['image', 'pull', '--plain-http', '--user', user, reference]);
      const copy = `${guarded.host}/copy/${kind.replaceAll('.', '-')}:1`;
      await ctr.ok(['image', 'push', '--plain-http', '--user', user, copy, reference]);
      await ctr.ok(['image', 'rm', '--sync', reference]);
      await pulls(copy, '--plain-http', '--user', user);
    });

    test('mirrors are asked in their order, and told whose content is wanted', async () => {
      await using refusing = await HostileServer.start((_, response) => response.writeHead(503).end());
      await using empty = await HostileServer.start((_, response) => response.writeHead(404).end());
      await using mirror = await HostileServer.start((request, response) => {
        request.url = request.url?.replace('/proxy/', '/');
        forward(plain.host, request, response);
      });
      await using pathless = await HostileServer.start((request, response) => {
        request.url = `/v2${request.url ?? ''}`;
        forward(plain.host, request, response);
      });
      const header = `[host."http://${mirror.host}/proxy".header]\nx-mirror = ["yes"]\n`;
      const toml = `server = "https://${nowhere}"\n[host."http://${refusing.host}"]\n[host."http://${empty.host}"]\ncapabilities = ["pull", "resolve"]\n[host."http://${mirror.host}/proxy"]\ncapabilities = ["pull", "resolve"]\n${header}`;
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts('_default', toml));
      assert.match(refusing.lines[0] ?? '', /^HEAD \/v2\/lab\/busybox\/manifests\/1\?ns=registry\.invalid$/);
      assert.match(empty.lines[0] ?? '', /^HEAD /);
      assert.equal(mirror.requests[0]?.headers['x-mirror'], 'yes');
      assert.ok(mirror.requests.length >= 4, mirror.lines.join('\n'));
      const override = `[host."http://${pathless.host}"]\noverride_path = true\n`;
      await pulls(`${nowhere}/${image}`, '--hosts-dir', hosts(nowhere, override));
      assert.match(pathless.lines[0] ?? '', /^HEAD \/lab\/busybox\/manifests\/1/);
    });

    test('a push goes to the first host that may be pushed to', async () => {
      await using mirror = await HostileServer.start((request, response) => forward(plain.host, request, response));
      const reference = `${plain.host}/${image}`;
      await ctr.ok(['image', 'pull', '--plain-http', reference]);
      const toml = `[host."http://${mirror.host}"]\ncapabilities = ["pull", "resolve"]\n[host."http://${plain.host}"]\ncapabilities = ["push"]\n`;
      const push = [
        'image',
        'push',
        '--hosts-dir',
        hosts(nowhere, toml),
        `${nowhere}/pushed/${kind.replaceAll('.', '-')}:1`,
      ];
      await ctr.ok([...push, reference]);
      assert.deepEqual(mirror.lines, []);
      await ctr.ok(['image', 'rm', '--sync', reference]);
      await pulls(`${plain.host}/pushed/${kind.replaceAll('.', '-')}:1`);
    });

    test('a file that is no good is left aside', async () => {
      const folder = hosts(plain.host.replace(/:(\d+)/, '_$1_'), 'server = [\n');
      await pulls(`${plain.host}/${image}`, '--plain-http', '--hosts-dir', folder);
      assert.match(daemon.log, /failed to decode .*hosts\.toml/);
    });

    test('requests are shown to the client that asks to see them', async () => {
      const { code, output } = await pull(`${plain.host}/${image}`, '--plain-http', '--http-dump', '--http-trace');
      assert.equal(code, 0, output);
      assert.match(output, /HEAD \/v2\/lab\/busybox\/manifests\/1 HTTP\/1\.1/);
      assert.match(output, /HTTP\/1\.1 200 OK/);
      assert.match(output, /docker-content-digest: sha256:/i);
      assert.match(output, /schemaVersion/);
      assert.match(daemon.log, /Connection successful/);
    });
  });
}
