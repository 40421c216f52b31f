/** What the library's parser of frames keeps. It is not public: a test sees to it that it is there. */
interface Receiver {
  /** Bytes that have not been looked at, or not all of a frame. */
  readonly _bufferedBytes: number;
  /** Bytes of the fragments of a message so far. */
  readonly _messageLength: number;
}

/** Bytes that a WebSocket holds of messages that have not been told yet. */
export function unfinishedBytes(websocket: object): number {
  const { _receiver: receiver } = websocket as { readonly _receiver: Receiver | null };
  return receiver === null ? 0 : receiver._bufferedBytes + receiver._messageLength;
}
