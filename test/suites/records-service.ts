import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { GrpcServer } from '../../api/grpc/grpc-server.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import type { Database } from '../../pkg/database/database.ts';
import { openDatabase } from '../../pkg/database/open-database.ts';
import type { EventExchange } from '../../services/events/event-exchange.ts';
import { Exchange } from '../../services/events/exchange.ts';
import { DatabaseContainerStore } from '../../services/containers/database-container-store.ts';
import { containersGrpc } from '../../services/containers/grpc.ts';
import { DatabaseImageStore } from '../../services/images/database-image-store.ts';
import { imagesGrpc } from '../../services/images/grpc.ts';
import { DatabaseLeaseManager } from '../../services/leases/database-lease-manager.ts';
import { leasesGrpc } from '../../services/leases/grpc.ts';
import { schema } from '../../services/metadata/schema.ts';
import { DatabaseNamespaceStore } from '../../services/namespaces/database-namespace-store.ts';
import { namespacesGrpc } from '../../services/namespaces/grpc.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

/** Records alone are under test: nothing is collected. */
const collector = { collect: () => Promise.resolve() };

/** The services that keep records, over gRPC on a database of their own, in this process. */
export class RecordsService implements AsyncDisposable {
  readonly transport: RpcTransport;
  readonly database: Database;
  readonly events: EventExchange;
  readonly #resources = new AsyncDisposableStack();

  static async start(): Promise<RecordsService> {
    const directory = new TemporaryDirectory();
    return new RecordsService(directory, await openDatabase(join(directory.path, 'db'), schema));
  }

  private constructor(directory: TemporaryDirectory, database: Database) {
    this.#resources.use(directory);
    this.database = this.#resources.use(database);
    this.events = new Exchange();
    const server = this.#resources.use(
      new GrpcServer([
        namespacesGrpc(new DatabaseNamespaceStore(database, this.events)),
        imagesGrpc(new DatabaseImageStore(database, this.events, collector)),
        containersGrpc(new DatabaseContainerStore(database, this.events)),
        leasesGrpc(new DatabaseLeaseManager(database, collector)),
      ]),
    );
    const client = new GrpcClient(() => {
      const [ours, theirs] = duplexPair();
      server.serve(theirs);
      return ours;
    });
    this.transport = this.#resources.use(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
