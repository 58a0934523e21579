// A small real model behind OpenAI's interface, on this machine alone; docs/local.md says
// how to run it. It is plumbing: real tokens, and quotes that a checker has to reject.
import http from 'node:http';
import { getLlama, LlamaChatSession } from 'node-llama-cpp';

const CONTEXT = 4096;
const THREADS = Number(process.env.THREADS ?? 1); // more wait for each other on a busy machine
const [modelPath, port = '8719'] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: THREADS, logLevel: 'error' });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: CONTEXT, threads: THREADS });
const sequence = context.getSequence();

async function complete({ messages, response_format: form, max_completion_tokens: most, model: name }) {
  const grammar = form?.type === 'json_schema' ? await llama.createGrammarForJsonSchema(form.json_schema.schema) : undefined;
  const system = messages.filter((message) => message.role === 'system').map((message) => message.content).join('\n');
  const asked = messages.at(-1).content;
  if (model.tokenize(system + asked).length > CONTEXT - 300) {
    return [400, { error: { code: 'context_length_exceeded', message: 'too long' } }];
  }
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: system });
  const before = sequence.tokenMeter.getState();
  const answer = await session.promptWithMeta(asked, {
    grammar, maxTokens: most ?? 600, temperature: 0, repeatPenalty: { penalty: 1.1, lastTokens: 64 },
  });
  const used = sequence.tokenMeter.diff(before);
  session.dispose({ disposeSequence: false });
  return [200, {
    id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: name,
    choices: [{
      index: 0,
      message: { role: 'assistant', content: answer.responseText },
      finish_reason: answer.stopReason === 'maxTokens' ? 'length' : 'stop',
    }],
    usage: {
      prompt_tokens: used.usedInputTokens, completion_tokens: used.usedOutputTokens,
      total_tokens: used.usedInputTokens + used.usedOutputTokens,
    },
  }];
}

// One request at a time: there is one sequence.
let turn = Promise.resolve();
http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    turn = turn.then(async () => {
      let status = 404, body = { error: { code: 'not_found', message: request.url } };
      try {
        if (request.url === '/v1/chat/completions') [status, body] = await complete(JSON.parse(Buffer.concat(parts)));
      } catch (error) {
        [status, body] = [500, { error: { code: 'server_error', message: String(error) } }];
      }
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
  });
}).listen(Number(port), '127.0.0.1', () => console.log(`Serving http://127.0.0.1:${port}/v1/`));
