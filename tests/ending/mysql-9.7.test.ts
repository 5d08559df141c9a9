import { describeEndings } from './suite.ts';

await describeEndings('mysql-9.7');
