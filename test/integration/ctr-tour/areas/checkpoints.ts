import { replaced, sorted } from '../normalise.ts';
import { ctr, sh, type TourArea } from '../tour-step.ts';
import { pullImage } from './words.ts';

const some = replaced(/\d+/g, '{n}');

/** Containers and tasks that are put aside and go on elsewhere. */
export const checkpoints: TourArea = {
  name: 'checkpoints',
  steps: [
    ...pullImage,
    ctr("run -d {image} a-{id} sh -c 'echo counted >/count; sleep 1000'"),
    ctr('containers checkpoint a-{id} lab.test/checkpoint:1'),
    ctr('containers checkpoint --rw --image a-{id} lab.test/checkpoint:2'),
    ctr('containers checkpoint missing lab.test/checkpoint:3', { code: 1 }),
    ctr('images ls -q', { normalise: [sorted] }),
    // Without the parts that it asks for.
    ctr('containers restore --rw b-{id} lab.test/checkpoint:1', { code: 1 }),
    ctr('containers ls', { normalise: [sorted] }),
    ctr('task checkpoint --image-path {daemon}/image a-{id}'),
    sh('what was written', 'ls image | sed s/[0-9]*//g | sort -u'),
    ctr('task checkpoint a-{id}', { normalise: [replaced(/containerd\.io\/checkpoint\S+/g, '{checkpoint}')] }),
    ctr('containers checkpoint --task --rw --image a-{id} lab.test/checkpoint:4'),
    ctr('task checkpoint --exit --image-path {daemon}/last a-{id}'),
    ctr('task ls', { normalise: [some] }),
    ctr('containers rm a-{id}'),
    ctr('containers restore --live --rw d-{id} lab.test/checkpoint:4', { normalise: [some] }),
    ctr('task ls', { name: 'task ls after restoring', normalise: [some], shows: /RUNNING/ }),
    ctr('task exec --exec-id e1-{id} d-{id} test -s /count', { name: 'what was restored' }),
    ctr('task rm -f d-{id}', { normalise: [some] }),
    ctr('containers rm d-{id}'),
  ],
};
