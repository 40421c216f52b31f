import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** The result of a call: Lean's JSON, or a failure with what happened and what to do next. */
export type ToolResult =
  { readonly kind: 'ok'; readonly json: Record<string, unknown> } | ({ readonly kind: 'failed' } & Failure);

export interface Failure {
  /** The sentence for a model or a person. */
  readonly message: string;
  /** How long to wait before the same call may succeed, in seconds; undefined if it does not help. */
  readonly retryAfterSeconds: number | undefined;
}

export interface PayoutTools {
  /** Calls a tool. A call without a response is a failure, too. It does not throw. */
  call(name: string, args: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

/** The pause after a call without a response, in seconds. */
const pauseWithoutResponse = 5;

/** Connects to the gateway's MCP tools. */
export async function connectToPayoutTools(url: string): Promise<PayoutTools> {
  const client = new Client({ name: 'payouts-agent', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return {
    async call(name, args) {
      try {
        const { content, structuredContent, isError, _meta } = await client.callTool({
          name,
          arguments: args,
        });
        if (isError !== true) return { kind: 'ok', json: structuredContent as Record<string, unknown> };
        const message = content.map(block => (block.type === 'text' ? block.text : '')).join(' ');
        return { kind: 'failed', message, retryAfterSeconds: retryAfterOf(_meta) };
      } catch (error) {
        const message = `There was no response (${error instanceof Error ? error.message : String(error)}).`;
        return { kind: 'failed', message, retryAfterSeconds: pauseWithoutResponse };
      }
    },
    close: () => client.close(),
  };
}

/** The gateway says in `_meta` whether and when the same call may succeed, so that programs need not read sentences. */
function retryAfterOf(meta: Record<string, unknown> | undefined): number | undefined {
  const { retryable, retryAfterSeconds } = meta ?? {};
  return retryable === true ? Number(retryAfterSeconds) : undefined;
}
