/** Private fields of the frame parser of `ws`. A test checks that they exist. */
interface Receiver {
  /** Bytes that are not parsed yet, such as those of an incomplete frame. */
  readonly _bufferedBytes: number;
  /** Bytes of the fragments of the incomplete message. */
  readonly _messageLength: number;
}

/** The bytes that a WebSocket holds of messages that it has not emitted yet. */
export function unfinishedBytes(websocket: object): number {
  const { _receiver: receiver } = websocket as { readonly _receiver: Receiver | null };
  return receiver === null ? 0 : receiver._bufferedBytes + receiver._messageLength;
}
