import { StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { Delivery, WebhookReceiver } from '../../webhooks/receive.ts';
import { readBytes, tooLarge } from './body.ts';
import type { HttpRequestContext } from './http-request-context.ts';

const maxBodyBytes = 256 * 1024;

/** What became of a delivery, in numbers and log lines; none of them tells what was in it. */
export type DeliveryOutcome = Delivery | 'too_large' | 'not_kept';

const answers: Readonly<Record<DeliveryOutcome, readonly [status: number, said: string]>> = {
  taken: [200, 'taken'],
  seen: [200, 'seen before'],
  ignored: [200, 'not about a payment'],
  unsigned: [401, 'the lean-signature does not fit the body'],
  malformed: [400, 'the body is not a JSON object'],
  too_large: [413, tooLarge(maxBodyBytes)],
  not_kept: [503, 'it could not be kept; send it again'],
};

/**
 * Answers one of Lean's webhooks: with exactly 200 once it is kept, which is what counts as delivered for Lean.
 * @see https://docs.leantech.me/docs/webhooks
 */
export async function answerWebhook(
  exchange: HttpRequestContext,
  receiver: WebhookReceiver,
): Promise<DeliveryOutcome> {
  const { request, response, report, log } = exchange;
  const outcome = await outcomeOf();
  report.operation = report.label = 'webhook';
  report.outcome = outcome;
  const [status, said] = answers[outcome];
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(outcome === 'too_large' && { connection: 'close' }),
  });
  response.end(JSON.stringify({ status: said }));
  return outcome;

  async function outcomeOf(): Promise<DeliveryOutcome> {
    const body = await readBytes(exchange, maxBodyBytes);
    if (body === undefined) return 'too_large';
    const signature = request.headers['lean-signature'];
    try {
      return await receiver.receive(body, typeof signature === 'string' ? signature : undefined);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      log.error({ cause: String(error.cause) }, 'a webhook could not be kept; Lean will send it again');
      return 'not_kept';
    }
  }
}
