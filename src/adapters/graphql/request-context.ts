import type { Logger } from 'pino';
import type { Admission } from '../../access/door.ts';
import type { RequestReport } from '../request-report.ts';

/** What the server knows of a request beside the request itself. */
export interface RequestContext {
  /** Names the request in every line. */
  readonly log?: Logger;
  /** What is told of it when it is over. */
  readonly report?: RequestReport;
  /** Who asks, once they have been let in. */
  admission?: Admission;
}
