import { PassThrough, type Readable, type Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

/**
 * MCP over standard input and output. It finishes the calls in flight before it closes. The transport of the SDK closes
 * when its input ends, and drops the answers of the calls in flight. But a payout in flight is made in any case, so its
 * answer must be written.
 */
export class StdioTransport extends StdioServerTransport {
  readonly #stdin: Readable;
  /** Never ends, so that the SDK does not close the transport. */
  readonly #input: PassThrough;
  #endsWithNewline = true;
  readonly #unanswered = new Set<RequestId>();
  #onAnswered: () => void = () => undefined;

  constructor(stdin: Readable, stdout: Writable) {
    const input = new PassThrough();
    super(input, stdout);
    this.#stdin = stdin;
    this.#input = input;
  }

  override async start(): Promise<void> {
    const deliver = this.onmessage;
    this.onmessage = message => {
      this.#track(message);
      deliver?.(message);
    };
    await super.start();
    this.#stdin.on('data', (chunk: Buffer) => {
      this.#endsWithNewline = chunk.at(-1) === 0x0a;
    });
    this.#stdin.pipe(this.#input, { end: false });
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    try {
      await super.send(message);
    } finally {
      if (isJSONRPCResponse(message) && message.id !== undefined) this.#forget(message.id);
    }
  }

  /** Stops reading. Resolves once every request that has been read is answered, or the transport is closed. */
  async drain(): Promise<void> {
    this.#stdin.unpipe(this.#input);
    // The SDK reads only whole lines.
    if (this.#stdin.readableEnded && !this.#endsWithNewline) this.#input.write('\n');
    while (
      this.#input.readableLength + this.#input.writableLength > 0 &&
      this.#input.readableFlowing === true
    )
      await nextTurn();
    if (this.#unanswered.size === 0) return;
    await new Promise<void>(resolve => {
      this.#onAnswered = resolve;
    });
  }

  override async close(): Promise<void> {
    this.#unanswered.clear();
    this.#onAnswered();
    await super.close();
  }

  #track(message: JSONRPCMessage): void {
    // A subscription is answered only when the connection closes.
    if (isJSONRPCRequest(message) && message.method !== 'subscriptions/listen')
      this.#unanswered.add(message.id);
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled')
      // A cancelled request gets no answer.
      this.#forget(message.params?.['requestId'] as RequestId);
  }

  #forget(id: RequestId): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#onAnswered();
  }
}
