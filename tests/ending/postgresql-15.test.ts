import { describeEndings } from './suite.ts';

await describeEndings('postgresql-15');
