/** Private fields of the parser of frames in `ws`. A test checks that they exist. */
interface Receiver {
  /** Bytes that have not been parsed, such as those of an incomplete frame. */
  readonly _bufferedBytes: number;
  /** Bytes of the fragments of an incomplete message. */
  readonly _messageLength: number;
}

/** Bytes that a WebSocket holds of messages that it has not emitted yet. */
export function unfinishedBytes(websocket: object): number {
  const { _receiver: receiver } = websocket as { readonly _receiver: Receiver | null };
  return receiver === null ? 0 : receiver._bufferedBytes + receiver._messageLength;
}
