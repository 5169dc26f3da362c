import { replaced, sorted, without } from '../normalise.ts';
import { ctr, sh, type TourArea } from '../tour-step.ts';
import { pullImage } from './words.ts';

const some = replaced(/\b\d+\b/g, '{n}');

/** A container's processes: exec, signals, pause, what can be known of them. */
export const tasks: TourArea = {
  name: 'tasks',
  steps: [
    ...pullImage,
    ctr('task ls'),
    ctr('run -d {image} a-{id} sleep 1000'),
    ctr('task ls', { name: 'task ls with one', normalise: [some] }),
    ctr('task ls -q'),
    ctr("task exec --exec-id e1-{id} a-{id} sh -c 'echo out; echo err >&2; exit 3'", { code: 3 }),
    ctr("task exec --exec-id e2-{id} a-{id} sh -c 'echo ready; cat'", { talk: [[/ready/, 'through cat\n']] }),
    ctr("task exec --exec-id e3-{id} --cwd /etc --user 1000:1000 a-{id} sh -c 'pwd; id -u'"),
    ctr('task exec --exec-id e4-{id} a-{id} /no/such/program', { code: 1 }),
    ctr('task exec --exec-id e/5-{id} a-{id} true', { code: 1, normalise: [replaced(/fifo\/\d+/g, 'fifo/{n}')] }),
    ctr('task exec a-{id} true', { name: 'task exec without an id', code: 1 }),
    ctr('task exec --exec-id e6-{id} missing true', { code: 1 }),
    ctr("task exec --exec-id e7-{id} a-{id} sh -c 'echo started; sleep 999'", {
      goesOn: { as: 'e7', once: /started/ },
    }),
    ctr('task exec --exec-id e7-{id} a-{id} true', { name: 'task exec e7 again', code: 1 }),
    ctr('task ps a-{id}', { normalise: [replaced(/^\d+/gm, '{n}'), sorted] }),
    ctr('task ps missing', { code: 1 }),
    ctr('task kill --exec-id e7-{id} -s SIGKILL a-{id}'),
    { name: 'e7 ends', ends: 'e7', code: 137 },
    ctr('task ps a-{id}', { name: 'task ps without it', normalise: [replaced(/^\d+/gm, '{n}')] }),
    ctr('task exec --exec-id e8-{id} --log-uri file://{daemon}/exec-log a-{id} echo logged', {
      ages: ['2.1.9', '1.7.24'],
    }),
    ctr('task pause a-{id}'),
    ctr('task pause a-{id}', { name: 'task pause again', code: 1 }),
    ctr('task ls', { name: 'task ls while paused', normalise: [some] }),
    ctr('task exec --exec-id e9-{id} a-{id} true', { name: 'task exec while paused', code: 1 }),
    ctr('task resume a-{id}'),
    ctr('task resume a-{id}', { name: 'task resume again', code: 1 }),
    ctr('task pause missing', { code: 1 }),
    ctr('task metrics a-{id}', { normalise: [replaced(/\d+(?: [\d ]*)?/g, '{n}')] }),
    // Go leaves out what is 0.
    ctr('task metrics --format json a-{id}', { normalise: [without(/\d,?$/)] }),
    ctr('task metrics missing', { code: 1 }),
    ctr('task rm a-{id}', { name: 'task rm while it runs', code: 1, normalise: [some] }),
    ctr('task start -d a-{id}', { name: 'task start of one that runs', code: 1 }),
    ctr('containers rm a-{id}', { name: 'containers rm while it runs', code: 1 }),
    ctr('task kill -s SIGNONE a-{id}', { code: 1 }),
    ctr('task kill -s 0 a-{id}', { code: 1 }),
    ctr('task kill --exec-id none-{id} a-{id}', { code: 1 }),
    ctr('task attach a-{id}', { name: 'attach', goesOn: { as: 'attach', once: /^/ } }),
    ctr('task kill --all -s SIGKILL a-{id}'),
    { name: 'the attach ends', ends: 'attach', code: 137 },
    ctr('task ls -q', { name: 'task ls -q after the attach' }),
    ctr('task kill a-{id}', { name: 'task kill of none', code: 1 }),
    ctr('task delete a-{id}', { name: 'task delete of none', code: 1 }),
    ctr('task start -d --null-io a-{id}'),
    ctr('task ls', { name: 'task ls after a second start', normalise: [some] }),
    ctr('task rm -f a-{id}', { name: 'task rm by force', normalise: [some] }),
    ctr('task start --pid-file {daemon}/pid --log-uri file://{daemon}/log -d a-{id}'),
    // Until it has been reaped.
    sh('its pid', 'kill -9 $(cat pid) && while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done'),
    ctr('task rm a-{id}', { name: 'task rm after the end', normalise: [some] }),
    ctr('task rm missing', { code: 1 }),
    ctr('containers rm a-{id}'),
    ctr('containers create {image} b-{id} echo started'),
    ctr('task start b-{id}', { shows: /started/ }),
    ctr('task start missing', { code: 1 }),
    ctr('containers rm b-{id}'),
    ctr('task ls -q', { name: 'task ls -q in the end' }),
  ],
};
