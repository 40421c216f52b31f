/** The address that webhooks are sent to, and the secret that they are signed with. */
export interface WebhookTarget {
  /** An http or https address. */
  readonly url: string;
  readonly secret: string;
}

/** Whether a text is an http or https address. */
export function isWebhookUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}
