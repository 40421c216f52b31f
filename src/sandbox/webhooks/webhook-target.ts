/** Where webhooks go, and what they are signed with. */
export interface WebhookTarget {
  /** An http or https address. */
  readonly url: string;
  readonly secret: string;
}

/** Whether a text is an address that webhooks can be sent to. */
export function isWebhookUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}
