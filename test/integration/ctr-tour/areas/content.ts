import { only, replaced, sorted, sortedLabels } from '../normalise.ts';
import { ctr, type Said, sh, type TourActions, type TourArea } from '../tour-step.ts';
import { byClient } from './words.ts';

const [hello, world] = ['hello\n', 'world\n'];
const helloDigest = 'sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03';
const worldDigest = 'sha256:e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb317';

/** How far it came depends on the buffers of its client. */
const sizes = replaced(/[\d.]+[kM]?B/g, '{size}');

/** Asks until the ingest is there: the client that writes it does not tell. */
async function untilActive(tour: TourActions): Promise<Said> {
  for (;;) {
    const said = await tour.ctr(['content', 'active']);
    if (said.code !== 0 || said.stdout.includes('slow')) return said;
  }
}

/** Blobs by hand. */
export const content: TourArea = {
  name: 'content',
  steps: [
    ctr('content ls'),
    ctr(`content ingest --expected-size 6 --expected-digest ${helloDigest} one`, { input: hello }),
    ctr(`content label ${helloDigest} containerd.io/gc.root=tour`),
    ctr('content ingest two', { input: world }),
    ctr(`content label ${worldDigest} containerd.io/gc.root=tour`),
    ctr('content ingest one', { name: 'content ingest one again', input: hello }),
    ctr('content ingest --expected-size 5 three', { input: 'sized\n', code: 1 }),
    ctr(`content ingest --expected-digest ${worldDigest.replace(/.$/, '0')} four`, { input: 'other\n', code: 1 }),
    ctr('content ingest --expected-digest sha256:short five', { input: 'other\n', code: 1 }),
    ctr('content active', { normalise: [sorted] }),
    ctr('content ls', { name: 'content ls with two', normalise: [sortedLabels, sorted] }),
    ctr('content ls -q', { normalise: [sorted] }),
    ctr('content ls -q size==6', { normalise: [sorted] }),
    ctr(`content ls digest==${helloDigest}`),
    ctr('content ls wrong=', { code: 1 }),
    ctr(`content get ${helloDigest}`, { shows: /hello/ }),
    ctr(`content get ${helloDigest.replace(/.$/, '0')}`, { code: 1 }),
    ctr('content get none', { code: 1 }),
    ctr(`content label ${helloDigest} colour=green size=5`, { normalise: [sortedLabels] }),
    ctr(`content label ${helloDigest} colour= size=6`, { normalise: [sortedLabels] }),
    ctr(`content label ${helloDigest}`, { normalise: [sortedLabels] }),
    ctr(`content label ${helloDigest.replace(/.$/, '0')} a=b`, { code: 1 }),
    ctr('content ls -q labels.size==6'),
    ctr(`content edit --editor {daemon}/editor ${helloDigest}`, { code: 127 }),
    sh('an editor', `printf '#!/bin/sh\\nsed -i s/hello/howdy/ "$1"\\n' >{daemon}/editor; chmod +x {daemon}/editor`),
    ctr(`content edit --editor {daemon}/editor ${helloDigest}`, { name: 'content edit with an editor' }),
    ctr('content ls', { name: 'content ls after editing', normalise: [sortedLabels, sorted] }),
    sh('what an ingest reads', 'mkfifo {daemon}/slow; head -c 5000000 /dev/zero >{daemon}/zeros'),
    sh('an ingest that waits', 'exec 3<>{daemon}/slow; echo ready; exec {ctr} content ingest slow <{daemon}/slow', {
      goesOn: { as: 'ingest', once: /ready/ },
    }),
    sh('some of it', 'cat {daemon}/zeros >{daemon}/slow'),
    { name: 'content active while it waits', does: untilActive, normalise: [sizes, sorted] },
    ctr('content active slow', { normalise: [sizes] }),
    { name: 'the ingest, killed', ends: 'ingest', signal: 'SIGTERM', code: 143 },
    ctr(`content rm ${worldDigest} ${helloDigest.replace(/.$/, '0')}`),
    ctr('content rm none', { code: 1 }),
    ctr('content fetch --plain-http {image}', { normalise: [sorted] }),
    ctr('content fetch --plain-http --metadata-only {plain}/lab/index:1', { normalise: [sorted] }),
    ctr('content fetch --plain-http {plain}/lab/none:1', { code: 1, normalise: [only(/^ctr:/)] }),
    ctr('content fetch-object --plain-http {plain}/lab/busybox:1'),
    ctr('content fetch-blob --plain-http {plain}/lab/busybox:1 {config}'),
    ctr(`content push-object --plain-http {plain}/objects/{id}:1 ${helloDigest} application/octet-stream`),
    ctr('images ls', { normalise: [sorted] }),
    ctr('images check', { normalise: [sorted] }),
    ctr('snapshots ls'),
    ...byClient('images pull --plain-http {plain}/lab/layers:3', { normalise: [only(/done/), sorted] }),
    ctr('content ls', { name: 'content ls with images', normalise: [sortedLabels, sorted] }),
    ctr('content prune references --dry', { normalise: [sorted] }),
    ctr('content prune references', { normalise: [sorted] }),
    ctr('content ls', { name: 'content ls after pruning', normalise: [sortedLabels, sorted] }),
    ctr('images check', { name: 'images check after pruning', normalise: [sorted] }),
  ],
};
