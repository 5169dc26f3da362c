// Runs in the shim's host: publishes to the ttrpc socket of its first argument, in the namespace of its second, what its standard input says, line
// by line.
//
//   publish TOPIC ID       tells that container ID has been started, on that topic
//   flood COUNT            that many of /tasks/oom, with every tenth an exit
//   idle                   says so once nothing waits any more
//   end                    disposes of it
//   descriptors            how many are open
import { TaskStart } from '../../../../api/gen/containerd/events/events.ts';
import { EventPublisher } from '../../../../shim/events/event-publisher.ts';
import { host } from '../../../../shim/host/host.ts';
import { watchFor } from '../../../../shim/host/watch-for.ts';

const [, address = '', namespace = ''] = host.argv;
const publisher = new EventPublisher(address, namespace);
let input = '';

function tell(line: string): void {
  host.write(1, host.encodeUtf8(`${line}\n`));
}

function publish(topic: string, containerId: string): void {
  const value = TaskStart.encode({ containerId, pid: 1 }).finish();
  publisher.publish(topic, { typeUrl: 'containerd.events.TaskStart', value });
}

function obey(line: string): void {
  const [command, argument = '', id = ''] = line.split(' ');
  if (command === 'publish') publish(argument, id);
  else if (command === 'flood') {
    for (let at = 0; at < Number(argument); at++) publish(at % 10 === 9 ? '/tasks/exit' : '/tasks/oom', `c${at}`);
  } else if (command === 'idle') void publisher.idle().then(() => tell('idle'));
  else if (command === 'end') publisher[Symbol.dispose]();
  else if (command === 'descriptors') tell(`descriptors: ${host.readDirectory('/proc/self/fd').length}`);
}

host.watch(0, watchFor.reading, () => {
  const bytes = host.read(0, 65536);
  if (bytes === null) return;
  if (bytes.length === 0) host.exit(0);
  input += host.decodeUtf8(bytes);
  const lines = input.split('\n');
  input = lines.pop() ?? '';
  lines.forEach(obey);
});
