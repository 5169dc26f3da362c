import { sorted, sortedLabels } from '../normalise.ts';
import { ctr, type TourArea, type TourStep } from '../tour-step.ts';
import { byClient, byTransfer } from './words.ts';

const images: readonly TourStep[] = [
  ctr('images ls', { normalise: [sorted] }),
  ctr('images ls -q', { normalise: [sorted] }),
  ctr('images check', { normalise: [sorted] }),
  ctr('images check -q', { normalise: [sorted] }),
  ctr('content ls', { normalise: [sortedLabels, sorted] }),
  ctr('snapshots ls', { normalise: [sorted] }),
  ctr('leases ls -q'),
];

/** What is the same whoever does the pull. */
function failures(by: typeof byClient): TourStep[] {
  return [
    ...by('images pull --plain-http {plain}/lab/busybox:missing', { code: 1 }),
    ...by('images pull --plain-http {plain}/lab/none:1', { code: 1 }),
    ...by('images pull --plain-http Not:A:Reference', { code: 1 }),
    ...by('images pull --plain-http {auth}/lab/busybox:1', { code: 1 }),
    ...by('images pull --plain-http --user lab:wrong {auth}/lab/busybox:1', { code: 1 }),
    ...by('images pull --hosts-dir {strangers} {tls}/lab/busybox:1', { code: 1 }),
  ];
}

/** Images fetched by the client, call by call, from registries with and without TLS and passwords. */
export const pulls: TourArea = {
  name: 'pulls',
  steps: [
    ...byClient('images pull --plain-http {image}'),
    ...byClient('images pull --plain-http {image}').map((step) => ({ ...step, name: `${step.name} again` })),
    ...byClient('images pull --plain-http --label colour=green --print-chainid {plain}/lab/layers:3'),
    ...byClient('images pull --plain-http {plain}/lab/busybox@{manifest}'),
    ...byClient('images pull --tlscacert {certificates}/ca.crt {tls}/lab/busybox:1'),
    ...byClient('images pull --skip-verify {tls}/lab/layers:3'),
    ...byClient('images pull --hosts-dir {hosts} {tls}/lab/layers:3'),
    ...byClient('images pull --plain-http --user lab:secret {auth}/lab/busybox:1'),
    ...byClient('images pull --plain-http --platform linux/arm64 {plain}/lab/index:1'),
    ...byClient('images pull --plain-http --all-platforms {plain}/lab/index:1'),
    ...byClient('images pull --plain-http --snapshotter native {image}'),
    ...byClient('images pull --plain-http --snapshotter none {image}', { code: 1 }),
    ...failures(byClient),
    ...images,
    ctr('snapshots --snapshotter native ls'),
  ],
};

/** The same by the daemon itself, with its progress. */
export const transfers: TourArea = {
  name: 'transfers',
  steps: [
    ...byTransfer('images pull --plain-http {image}'),
    ...byTransfer('images pull --plain-http {image}').map((step) => ({ ...step, name: `${step.name} again` })),
    ...byTransfer('images pull --plain-http --label colour=green {plain}/lab/layers:3'),
    ...byTransfer('images pull --plain-http {plain}/lab/busybox@{manifest}'),
    ...byTransfer('images pull --hosts-dir {hosts} {tls}/lab/busybox:1'),
    ...byTransfer('images pull --plain-http --user lab:secret {auth}/lab/busybox:1'),
    ...byTransfer('images pull --plain-http --platform linux/arm64 {plain}/lab/index:1'),
    ...byTransfer('images pull --plain-http --all-platforms {plain}/lab/index:1'),
    ...byTransfer('images pull --plain-http --skip-metadata {plain}/lab/index:1'),
    ...byTransfer('images pull --plain-http --snapshotter none {image}', { code: 1 }),
    ...failures(byTransfer),
    // A daemon on the machine itself is trusted.
    ...byTransfer('images pull {tls}/lab/busybox:1'),
    ...images.map((step) => ({ ...step, ages: ['2.1.9'] as const })),
  ],
};
