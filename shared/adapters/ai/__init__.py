"""Language models behind the interface of OpenAI, which many servers speak."""
