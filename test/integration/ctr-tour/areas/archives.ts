import { only, sorted, sortedLabels, without } from '../normalise.ts';
import { ctr, sh, type TourArea, type TourStep } from '../tour-step.ts';
import { byClient, byTransfer } from './words.ts';

const lines = only(/./);
const listing = (file: string): string => `tar -tf {daemon}/${file} | sort`;
const index = (file: string): string => `tar -xOf {daemon}/${file} index.json`;
// Go writes what it keeps in maps in any order.
const docker = (file: string): string =>
  `tar -xOf {daemon}/${file} manifest.json | sed 's/},{/}\\n{/g; s/^.//; s/.$//' | sort`;

/** Without the blobs that nobody refers to: they may go at any time. */
const referred = [without(/ -$/), sortedLabels, sorted];

/** The names of what was imported are the very last news, which the client may not wait for; the images are looked at. */
const imported = { normalise: [only(/^ctr:/)] };

/** What nobody refers to goes now: once a first client has asked for that, both daemons look for more of it, each at its own times. */
const swept = (when: string): TourStep[] => [
  ctr('leases create --id swept', { name: `a lease ${when}` }),
  ctr('leases rm --sync swept', { name: `what nobody refers to goes ${when}` }),
];

/** Images as files: imported, exported, converted. */
export const archives: TourArea = {
  name: 'archives',
  steps: [
    ...byClient('images import {archives}/oci.tar', { normalise: [sorted] }),
    ...byClient('images import --no-unpack {archives}/docker.tar', { normalise: [lines] }),
    ...byClient('images import --base-name lab.test/based --digests {archives}/oci.tar', { normalise: [sorted] }),
    ...byClient('images import --index-name lab.test/whole:1 {archives}/oci.tar', { normalise: [sorted] }),
    ...byClient('images import {archives}/none.tar', { code: 1 }),
    ...byClient('images import {archives}/not-a.tar', { code: 1 }),
    ctr('images ls', { normalise: [sorted] }),
    ctr('images check', { normalise: [sorted] }),
    ctr('snapshots ls', { normalise: [sorted] }),
    ctr('content ls', { normalise: [...referred] }),
    ctr('images rm --sync lab.test/docker:1'),
    ...byTransfer('images import {archives}/docker.tar', imported),
    ...byTransfer('images import --base-name lab.test/moved --digests {archives}/oci.tar', imported),
    ...byTransfer('images import --index-name lab.test/moved:1 {archives}/oci.tar', imported),
    ...byTransfer('images import {archives}/not-a.tar', { code: 1 }),
    ctr('images ls', { name: 'images ls after transfers', normalise: [sorted] }),
    ...swept('after transfers'),
    ctr('content ls', { name: 'content ls after transfers', normalise: [...referred] }),
    ...byClient('images export {daemon}/a.tar lab/busybox:1'),
    sh('what export wrote', `${listing('a.tar')}; ${index('a.tar')}; echo; ${docker('a.tar')}`),
    ...byClient('images export --platform linux/amd64 {daemon}/b.tar lab/layers:3 lab/busybox:1'),
    sh('what export of two wrote', `${listing('b.tar')}; ${index('b.tar')}; echo; ${docker('b.tar')}`),
    ...byClient('images export --skip-manifest-json {daemon}/c.tar lab/busybox:1'),
    sh('what export without manifest.json wrote', listing('c.tar')),
    ...byClient('images export {daemon}/d.tar lab/none:1', { code: 1 }),
    // What it wrote is not looked at: the client ends with the transfer, whether the file has all that it was sent or not.
    ...byTransfer('images export {daemon}/e.tar lab/busybox:1 lab/layers:3'),
    ctr('images convert --uncompress lab/layers:3 lab.test/plain:1'),
    ctr('images convert --uncompress --oci --platform linux/amd64 lab/index:1 lab.test/plain:2'),
    ctr('images convert lab/none:1 lab.test/plain:3', { code: 1 }),
    ctr('images ls name~=plain'),
    ...swept('after converting'),
    ctr('content ls', { name: 'content ls after converting', normalise: [...referred] }),
    ctr('run --rm lab/layers:3 imported-{id} ls /'),
    ctr('run --rm lab.test/plain:1 converted-{id} ls /'),
    ctr('images import {daemon}/a.tar', { name: 'images import of an export', ...imported }),
    ctr('images ls', { name: 'images ls after an import of an export', normalise: [sorted] }),
    ctr('images rm --sync lab/busybox:1 lab/layers:3 lab/index:1 lab.test/plain:1 lab.test/plain:2', {
      normalise: [sorted],
    }),
    ctr('images ls', { name: 'images ls in the end', normalise: [sorted] }),
    ctr('content ls', { name: 'content ls in the end', normalise: [...referred] }),
  ],
};
