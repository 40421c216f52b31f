/** How many entries the gateway requests with each page of Lean's lists. Lean documents no upper limit. */
export const pageSize = 100;
