import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * How the pooler lends server connections to its clients: for a session, as PgBouncer with `pool_mode=session`; for a
 * transaction, as with `pool_mode=transaction`; or for a transaction with a reset of the session after each one, as
 * with `server_reset_query_always=1`.
 */
export type PoolMode = 'session' | 'transaction' | 'transaction with resets';

/** The startup parameters that PgBouncer accepts without settings of its own. */
const knownParameters =
  /^(?:user|database|client_encoding|datestyle|timezone|standard_conforming_strings|application_name)$/i;

const sslRequest = 80_877_103;
const idle = 'I'.charCodeAt(0);

/** A connection to PostgreSQL. */
interface Server {
  readonly socket: Socket;
  /** The ParameterStatus messages of its start. */
  readonly parameters: Buffer;
  /** How many requests it has not answered yet. */
  unanswered: number;
  /** Receives its messages; undefined while it is idle in the pool. */
  onMessage: ((message: Buffer) => void) | undefined;
}

/**
 * Starts a pooler in front of a PostgreSQL that asks for passwords in plain text. Like PgBouncer it refuses startup
 * parameters that it does not know, and lends the server connection that was returned last.
 * @returns the address of the database through the pooler
 */
export async function startPooler(databaseUrl: string, mode: PoolMode): Promise<string> {
  const idleServers: Server[] = [];
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const borrow = async (): Promise<Server> => {
    const server = idleServers.pop() ?? (await openServer(databaseUrl, track));
    return server.socket.destroyed ? borrow() : server;
  };
  /** Resets the session of a server connection, as before PgBouncer lends it to the client of another session. */
  const reset = (server: Server): Promise<void> =>
    new Promise(resolve => {
      server.onMessage = message => {
        if (isReady(message)) resolve();
      };
      server.socket.write(frame('Q', Buffer.from('DISCARD ALL\0')));
    });
  const giveBack = (server: Server): void => {
    server.onMessage = undefined;
    idleServers.push(server);
  };

  function serve(client: Socket): void {
    let server: Server | undefined;
    let started = false;
    const release = async (): Promise<void> => {
      if (server === undefined) return;
      const released = server;
      server = undefined;
      if (mode === 'transaction with resets') await reset(released);
      giveBack(released);
    };
    const lend = async (): Promise<Server> => {
      const lent = await borrow();
      lent.onMessage = message => {
        if (isReady(message)) lent.unanswered -= 1;
        client.write(message);
        if (mode !== 'session' && isReady(message) && message[5] === idle && lent.unanswered === 0)
          void release();
      };
      return lent;
    };
    const handle = async (message: Buffer): Promise<void> => {
      if (!started) {
        started = await start(message);
        return;
      }
      const type = String.fromCharCode(message[0] ?? 0);
      if (type === 'X') {
        client.end();
        return;
      }
      server ??= await lend();
      if (type === 'Q' || type === 'S') server.unanswered += 1;
      server.socket.write(message);
    };
    /** Answers a startup message. Returns false if another one follows. */
    const start = async (message: Buffer): Promise<boolean> => {
      if (message.readInt32BE(4) === sslRequest) {
        client.write('N');
        return false;
      }
      const texts = message.subarray(8).toString().split('\0');
      const names = texts.filter((text, index) => index % 2 === 0 && text !== '');
      const unknown = names.find(name => !knownParameters.test(name));
      if (unknown !== undefined) {
        const text = `SFATAL\0C08P01\0Munsupported startup parameter: ${unknown}\0\0`;
        client.end(frame('E', Buffer.from(text)));
        return true;
      }
      const lent = await borrow();
      client.write(
        Buffer.concat([
          frame('R', Buffer.alloc(4)),
          lent.parameters,
          frame('K', Buffer.alloc(8, 7)),
          frame('Z', Buffer.from('I')),
        ]),
      );
      giveBack(lent);
      return true;
    };
    let handling = Promise.resolve();
    onMessages(
      client,
      () => started,
      message => (handling = handling.then(() => handle(message))),
    );
    client.on('close', () => {
      void handling.then(async () => {
        if (server === undefined) return;
        if (mode !== 'session') {
          server.socket.destroy();
          return;
        }
        await reset(server);
        giveBack(server);
      });
    });
  }

  const listener = createServer(socket => {
    serve(track(socket));
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = listener.address() as AddressInfo;
  return Object.assign(new URL(databaseUrl), { port: String(port) }).href;
}

/** Connects to PostgreSQL and resolves once it is ready for queries. */
async function openServer(databaseUrl: string, track: (socket: Socket) => Socket): Promise<Server> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const socket = track(connect(Number(port), hostname));
  const parameters: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.once('close', () => {
      reject(new Error('the server has closed the connection'));
    });
    let server: Server | undefined;
    onMessages(
      socket,
      () => true,
      message => {
        const type = String.fromCharCode(message[0] ?? 0);
        if (server !== undefined) server.onMessage?.(message);
        else if (type === 'R' && message.readInt32BE(5) === 3)
          socket.write(frame('p', Buffer.from(`${password}\0`)));
        else if (type === 'S') parameters.push(message);
        else if (type === 'Z') {
          server = { socket, parameters: Buffer.concat(parameters), unanswered: 0, onMessage: undefined };
          resolve(server);
        }
      },
    );
    const names = `user\0${username}\0database\0${pathname.slice(1)}\0client_encoding\0UTF8\0\0`;
    const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(names)]);
    socket.write(frame('', body));
  });
}

/** Calls the listener with each complete message. The startup message has no type byte. */
function onMessages(socket: Socket, hasType: () => boolean, listener: (message: Buffer) => unknown): void {
  let rest = Buffer.alloc(0);
  let typed = hasType();
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const offset = typed ? 1 : 0;
      if (rest.length < offset + 4) return;
      const end = offset + rest.readInt32BE(offset);
      if (rest.length < end) return;
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      // After a request for TLS the startup message follows, which has no type byte either.
      if (!typed) typed = message.readInt32BE(4) !== sslRequest;
      listener(message);
    }
  });
}

function frame(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

function isReady(message: Buffer): boolean {
  return message[0] === 'Z'.charCodeAt(0);
}
