import { WebSocket } from 'ws';
import { connectionLimits } from '../../http/connection-limits.ts';
import { pingMs } from '../subscriptions/event-stream.ts';

/** Pings the client every `pingMs`, and terminates the connection if the client did not answer the last ping. */
export function keepAlive(socket: WebSocket): void {
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) {
      socket.terminate();
      return;
    }
    answered = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs).unref();
  socket.on('pong', () => {
    answered = true;
  });
  socket.once('close', () => {
    clearInterval(timer);
  });
}

/** Terminates the connection if its client reads nothing for `unreadMs`, because its answers would never end. */
export function terminateIfUnread(socket: WebSocket): void {
  let unreadBytes = 0;
  let readAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (socket.bufferedAmount === 0 || socket.bufferedAmount < unreadBytes) readAt = now;
    unreadBytes = socket.bufferedAmount;
    if (now - readAt >= connectionLimits.unreadMs) socket.terminate();
  }, 1000).unref();
  socket.once('close', () => {
    clearInterval(timer);
  });
}
