import { errorMessage } from '../../errors/error-message.ts';
import { StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { DeliveryResult, WebhookReceiver } from '../../webhooks/webhook-receiver.ts';
import { readBodyBytes, bodyTooLargeMessage, maxBodyBytes } from './body.ts';
import type { HttpRequestContext } from './http-request-context.ts';

/** The outcome of a delivery, for metrics and logs. It contains nothing of the payload. */
export type DeliveryOutcome = DeliveryResult | 'too_large' | 'not_stored';

const responses: Readonly<Record<DeliveryOutcome, readonly [status: number, message: string]>> = {
  stored: [200, 'stored'],
  duplicate: [200, 'received before'],
  ignored: [200, 'not about a payment'],
  unsigned: [401, 'the lean-signature header does not match the body'],
  malformed: [400, 'the body is not a JSON object'],
  too_large: [413, bodyTooLargeMessage(maxBodyBytes)],
  not_stored: [503, 'the event could not be stored; send it again'],
};

export const deliveryOutcomes = Object.keys(responses) as readonly DeliveryOutcome[];

/**
 * Handles one webhook of Lean's. It responds with exactly 200 once the event is stored, because Lean counts only a 200
 * as delivered and sends everything else again.
 * @see https://docs.leantech.me/docs/webhooks
 */
export async function handleWebhook(
  context: HttpRequestContext,
  receiver: WebhookReceiver,
): Promise<DeliveryOutcome> {
  const { request, response, report, log } = context;
  const outcome = await receive();
  report.operation = report.operationLabel = 'webhook';
  report.outcome = outcome;
  const [status, described] = responses[outcome];
  const isUnsigned = outcome === 'unsigned' && request.headers['lean-signature'] === undefined;
  const message = isUnsigned ? 'the lean-signature header is missing' : described;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(outcome === 'too_large' && { connection: 'close' }),
  });
  response.end(JSON.stringify({ status: message }));
  return outcome;

  async function receive(): Promise<DeliveryOutcome> {
    const body = await readBodyBytes(context, maxBodyBytes);
    if (body === undefined) return 'too_large';
    const signature = request.headers['lean-signature'];
    try {
      return await receiver.receive(body, typeof signature === 'string' ? signature : undefined);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      log.error(
        { cause: errorMessage(error.cause) },
        'a webhook event could not be stored; Lean will send it again',
      );
      return 'not_stored';
    }
  }
}
