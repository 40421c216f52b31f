/** How many entries of one of Lean's lists the gateway requests with a page. Lean documents no upper limit. */
export const pageSize = 100;
