import { only, replaced, sorted, sortedLabels } from '../normalise.ts';
import { ctr, type Normaliser, type TourArea, type TourStep } from '../tour-step.ts';

const core = /^TYPE|\.(?:content|metadata|gc|lease|event|service|grpc|transfer|streaming)\.v1 /;

const versions: Normaliser = (text) => text.replaceAll(/(Version|Revision|Go version|UUID):.*/g, '$1: …');

const leases: readonly TourStep[] = [
  ctr('leases ls'),
  ctr('leases create --id first'),
  ctr('leases create --id second --expires 1h colour=green'),
  ctr('leases create --id third --expires 0s'),
  ctr('leases create', { name: 'leases create without an id', normalise: [replaced(/^\S+$/gm, '{lease}')] }),
  ctr('leases create --id first', { name: 'leases create --id first again', code: 1 }),
  ctr('leases ls', { name: 'leases ls with four', normalise: [replaced(/^\d+-\S+/gm, '{lease}'), sorted] }),
  ctr('leases ls -q labels.colour==green'),
  ctr('leases ls -q id==first'),
  ctr('leases ls wrong=', { code: 1 }),
  ctr('leases rm first second'),
  ctr('leases rm --sync third'),
  ctr('leases rm missing', { code: 1 }),
  ctr('leases ls -q', { name: 'leases ls -q in the end', normalise: [replaced(/^\d+-\S+/gm, '{lease}')] }),
];

/** What a daemon tells of itself, and the namespaces and leases it keeps. */
export const introspection: TourArea = {
  name: 'introspection',
  steps: [
    ctr('version', { normalise: [versions] }),
    ctr('info', { ages: ['2.1.9', '1.7.24'], normalise: [replaced(/"(pid|pidns)": \d+/g, '"$1": {n}')] }),
    // What clients stand on; what else there is depends on the kernel and the age.
    ctr('plugins ls', { normalise: [only(core), sorted] }),
    ctr('plugins ls -q id==overlayfs'),
    ctr('plugins ls -d id==overlayfs'),
    ctr('plugins ls type==io.containerd.snapshotter.v1', { normalise: [only(/overlayfs|native|TYPE/), sorted] }),
    ctr('plugins ls type==', { code: 1 }),
    ctr('plugins inspect-runtime --runtime=io.containerd.runc.v2', { ages: ['2.1.9'] }),
    ctr('plugins inspect-runtime --runtime=io.containerd.none.v2', { ages: ['2.1.9'], code: 1 }),
    ctr('deprecations list', { ages: ['2.1.9', '1.7.24'] }),
    ctr('deprecations list --format json', { ages: ['2.1.9', '1.7.24'] }),
    ctr('oci spec'),
    ctr('namespaces ls'),
    ctr('namespaces create one'),
    ctr('namespaces create two colour=green size=5'),
    ctr('namespaces ls', { name: 'namespaces ls with two', normalise: [sortedLabels] }),
    ctr('namespaces ls -q'),
    ctr('namespaces create one', { name: 'namespaces create one again', code: 1 }),
    ctr('namespaces create not/good', { code: 1 }),
    ctr('namespaces create', { name: 'namespaces create without a name', code: 1 }),
    ctr('namespaces label two colour=blue size= shape=round'),
    ctr('namespaces ls', { name: 'namespaces ls with labels', normalise: [sortedLabels] }),
    ctr('namespaces label nobody a=b'),
    ctr('leases create --id kept'),
    ctr('namespaces rm {namespace}', { name: 'namespaces rm with a lease in it' }),
    ctr('leases ls -q', { name: 'leases ls -q after it' }),
    ctr('content ingest blob', { input: 'hello\n' }),
    ctr('namespaces rm {namespace}', { name: 'namespaces rm with content in it', code: 1 }),
    ctr('namespaces rm two'),
    ctr('namespaces rm one missing'),
    ctr('namespaces ls -q', { name: 'namespaces ls -q in the end' }),
    ...leases,
  ],
};
