import { createLog } from '../../src/composition/log.ts';

/* Logs more lines at once than the log keeps for a slow reader. The number of lines is the argument. */
const log = createLog({ logLevel: 'info' });
for (let line = 0; line < Number(process.argv[2]); line += 1) log.info({ line, text: 'x'.repeat(1000) });
