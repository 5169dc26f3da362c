import { TtrpcServer } from '../../api/ttrpc/ttrpc-server.ts';
import { EventPublisher } from '../events/event-publisher.ts';
import { FdStream } from '../host/fd-stream.ts';
import { host } from '../host/host.ts';
import { UnixListener } from '../host/unix-listener.ts';
import { Reaper } from '../tasks/reaper.ts';
import { taskServices } from '../tasks/task-service.ts';
import { Tasks } from '../tasks/tasks.ts';
import type { TakeoverParts } from '../takeover/take-over-container.ts';
import { Abandonment } from './abandonment.ts';
import { BundleLog } from './bundle-log.ts';
import { runtimeEnvironment } from './environment.ts';
import { removeSocket } from './listen-for-group.ts';
import { runtimeName } from './runtime-name.ts';

/** What a shim needs to know to serve. */
export interface ServeOptions {
  /** A listening socket, and its file. */
  readonly listener: number;
  readonly socket: string;
  readonly namespace: string;
  /** Of the task that the shim was started for. */
  readonly id: string;
  /** Where the daemon takes events; empty: nowhere. */
  readonly ttrpcAddress: string;
  readonly debug: boolean;
  /** What is done before anybody is answered; when it leaves no container, the shim ends. */
  readonly prepare?: (parts: TakeoverParts) => Promise<void>;
}

const signals = { hup: 1, int: 2, pipe: 13, term: 15, child: 17 } as const;
/** What has been told is given so long to be heard before the shim ends. Milliseconds. */
const lastWords = 5_000;

/**
 * Makes this process a shim: it serves until the daemon asks it to end and it has no containers, or somebody sends SIGTERM or SIGINT, which leaves
 * its containers alone. Returns at once.
 */
export function serve(options: ServeOptions): void {
  const { namespace, id, debug } = options;
  const log = new BundleLog(debug, { id, namespace, pid: host.pid(), runtime: runtimeName });
  host.becomeSubreaper();
  const reaper = new Reaper(runtimeEnvironment());
  const events = new EventPublisher(options.ttrpcAddress, namespace);
  const inode = inodeOf(options.socket);
  const { uid: ourselves } = host.status('/proc/self');
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    abandonment[Symbol.dispose]();
    listener?.[Symbol.dispose]();
    if (inode !== undefined && inodeOf(options.socket) === inode) removeSocket(options.socket);
    void lastEvents(events).then(async () => {
      await server[Symbol.asyncDispose]();
      host.exit(0);
    });
  };
  const tasks = new Tasks({ namespace, reaper, events, log });
  const server = new TtrpcServer(taskServices(tasks, end));
  const abandonment = new Abandonment(() => tasks.empty, end);
  let listener: UnixListener | undefined;
  const listen = (): void => {
    listener = new UnixListener(options.listener, (fd) => {
      const { uid } = host.peerCredentials(fd);
      if (uid === 0 || uid === ourselves) server.serve(abandonment.counted(new FdStream(fd)));
      else {
        log.warn('refused a connection of another user', { uid });
        host.close(fd);
      }
    });
  };
  if (options.prepare) {
    void options.prepare({ namespace, tasks, reaper, log }).then(() => (tasks.empty ? end() : listen()));
  } else listen();
  host.onSignal(Object.values(signals), (signal) => {
    if (signal === signals.child) reaper.reap();
    else if (signal === signals.term || signal === signals.int) end();
  });
  // What ended before anybody listened.
  reaper.reap();
}

function inodeOf(path: string): number | undefined {
  try {
    return host.status(path).inode;
  } catch {
    return undefined;
  }
}

function lastEvents(events: EventPublisher): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lastWords);
  void events.idle().then(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
