/** After packing: `dist/` as it was before. */
import { restoreDist } from './package/trim.mjs';

restoreDist();
