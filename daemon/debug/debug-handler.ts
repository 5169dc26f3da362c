import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { gzip } from 'node:zlib';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { LoopMeter } from '../../pkg/sys/loop-meter.ts';
import { jsonSafe } from '../../pkg/log/json-safe.ts';
import { Profiler } from './profiler.ts';

const compress = promisify(gzip);
/** Seconds: the longest profile, and how long one takes when nobody says. */
const maxSeconds = 300;
const defaultSeconds = { profile: 30, heap: 5 };

const index = `/debug/vars                         what the process stands at, as JSON
/debug/loop?reset=1                 turns of the main loop; with reset the longest is looked for anew afterwards
/debug/pprof/profile?seconds=30     where processor time goes, for pprof
/debug/pprof/heap?seconds=5         what is allocated meanwhile and still held, for pprof
/debug/pprof/goroutine              the calls that are being answered, and what is not up
/debug/pprof/cmdline                the command line
`;

/**
 * Serves `/debug/`: under the names of Go's `net/http/pprof` and `expvar` what there is of the same meaning here. Profiles come in pprof's
 * own format.
 */
export class DebugHandler {
  readonly #profiler = new Profiler();
  readonly #meter = LoopMeter.start();
  readonly #describe: () => object;

  /** @param describe where the daemon stands */
  constructor(describe: () => object) {
    this.#describe = describe;
  }

  /** Answers a request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.on('close', () => left.abort());
    try {
      await this.#answer(new URL(request.url ?? '/', 'http://localhost'), response, left.signal);
    } catch (error) {
      if (left.signal.aborted) return;
      const code = error instanceof KindError && error.kind === 'failed-precondition' ? 409 : 400;
      response.writeHead(code, text).end(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  async #answer({ pathname, searchParams }: URL, response: ServerResponse, signal: AbortSignal): Promise<void> {
    switch (pathname) {
      case '/debug/vars':
        return sendJson(response, this.#variables());
      case '/debug/loop': {
        const figures = this.#meter.read();
        if (searchParams.has('reset')) this.#meter.forgetLongest();
        return sendJson(response, figures);
      }
      case '/debug/pprof/':
        response.writeHead(200, text).end(index);
        return;
      case '/debug/pprof/cmdline':
        response.writeHead(200, text).end(process.argv.join('\0'));
        return;
      case '/debug/pprof/goroutine':
        response.writeHead(200, text).end(`${JSON.stringify(this.#describe(), jsonSafe, 2)}\n`);
        return;
      case '/debug/pprof/profile': {
        const milliseconds = secondsOf(searchParams, defaultSeconds.profile) * 1000;
        return sendProfile(response, await this.#profiler.processor(milliseconds, signal));
      }
      case '/debug/pprof/heap': {
        const milliseconds = secondsOf(searchParams, defaultSeconds.heap) * 1000;
        return sendProfile(response, await this.#profiler.heap(milliseconds, signal));
      }
      default:
        response.writeHead(404, text).end(`there is no ${pathname}; there are\n${index}`);
    }
  }

  #variables(): object {
    const { user, system } = process.cpuUsage();
    return {
      cmdline: process.argv,
      pid: process.pid,
      processor: { user, system },
      heap: getHeapStatistics(),
      loop: this.#meter.read(),
      ...this.#describe(),
    };
  }
}

const text = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

function secondsOf(parameters: URLSearchParams, fallback: number): number {
  const given = parameters.get('seconds');
  const seconds = given === null ? fallback : Number(given);
  if (given !== '' && seconds > 0 && seconds <= maxSeconds) return seconds;
  throw new KindError(
    'invalid-argument',
    `seconds must be a number above 0 and up to ${maxSeconds}, not ${given ?? ''}`,
  );
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(value, jsonSafe, 2)}\n`);
}

async function sendProfile(response: ServerResponse, profile: Uint8Array): Promise<void> {
  const packed = await compress(profile);
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(packed);
}
