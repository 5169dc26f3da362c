import {
  ContentDefinition,
  WriteAction,
  type Info,
  type Status,
  type WriteContentRequest,
  type WriteContentResponse,
} from '../../api/gen/containerd/services/content/v1/content.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { batchesOf } from '../../pkg/batches/batches-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ContentInfo, ContentStore, IngestStatus } from './content-store.ts';
import { readRange } from './read-range.ts';
import { WriteSession, type WriteOutcome, type WriteStep } from './write-session.ts';

/** Infos in one message of List. */
const listBatch = 100;

/** `containerd.services.content.v1.Content` over a content store. */
export function contentGrpc(store: ContentStore): RpcService {
  return rpcService(ContentDefinition, {
    async info({ digest }, context) {
      return { info: encodeInfo(await store.info(context.scope(), digest)) };
    },
    async update({ info, updateMask }, context) {
      const given = { digest: info?.digest ?? '', labels: info?.labels ?? new Map<string, string>() };
      return { info: encodeInfo(await store.update(context.scope(), given, updateMask ?? [])) };
    },
    async *list({ filters }, context) {
      for await (const batch of batchesOf(store.list(context.scope(), filters), listBatch)) {
        yield { info: batch.map(encodeInfo) };
      }
    },
    async delete({ digest }, context) {
      await store.delete(context.scope(), digest);
      return {};
    },
    async *read({ digest, offset, size }, context) {
      await using reader = await store.reader(context.scope(), digest);
      // Offsets of the answer count from the request's own.
      let position = 0n;
      for await (const data of readRange(reader, Number(offset), Number(size))) {
        yield { offset: position, data };
        position += BigInt(data.length);
      }
    },
    async status({ ref }, context) {
      return { status: encodeStatus(await store.status(context.scope(), ref)) };
    },
    async listStatuses({ filters }, context) {
      const statuses = await store.listStatuses(context.scope(), filters);
      return { statuses: statuses.map(encodeStatus) };
    },
    async *write(requests, context) {
      let session: WriteSession | undefined;
      try {
        for await (const request of requests) {
          const step = decodeStep(request);
          session ??= await WriteSession.open(store, context.scope(), step);
          yield encodeOutcome(request.action, await session.take(step));
          if (step.action === 'commit') return;
        }
      } finally {
        await session?.[Symbol.asyncDispose]();
      }
    },
    async abort({ ref }, context) {
      await store.abort(context.scope(), ref);
      return {};
    },
  });
}

function encodeInfo({ digest, size, createdAt, updatedAt, labels }: ContentInfo): Info {
  return {
    digest,
    size: BigInt(size),
    createdAt: toTimestamp(createdAt),
    updatedAt: toTimestamp(updatedAt),
    labels: new Map(labels),
  };
}

function encodeStatus({ ref, offset, total, expected, startedAt, updatedAt }: IngestStatus): Status {
  return {
    ref,
    offset: BigInt(offset),
    total: BigInt(total),
    expected,
    startedAt: toTimestamp(startedAt),
    updatedAt: toTimestamp(updatedAt),
  };
}

function decodeStep({ action, ref, total, expected, offset, data, labels }: WriteContentRequest): WriteStep {
  const step = { ref, total: Number(total), expected, offset: Number(offset), data, labels };
  switch (action) {
    case WriteAction.STAT:
      return { ...step, action: 'stat' };
    case WriteAction.WRITE:
      return { ...step, action: 'write' };
    case WriteAction.COMMIT:
      return { ...step, action: 'commit' };
    default:
      throw new KindError('invalid-argument', `unknown write action ${String(action)}`);
  }
}

function encodeOutcome(action: WriteAction, outcome: WriteOutcome): WriteContentResponse {
  const { offset, digest, total, startedAt, updatedAt } = outcome;
  return {
    action,
    offset: BigInt(offset),
    digest,
    total: BigInt(total),
    startedAt: toTimestamp(startedAt),
    updatedAt: toTimestamp(updatedAt),
  };
}
