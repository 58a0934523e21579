#!/usr/bin/env sh
# Subscribes the function, now that it exists, to the events of the chat resource; where
# they are delivered by queue, the queue.
# azd runs this after each deployment, with its outputs in the environment; running it
# again changes nothing.
set -eu

if [ -z "${EVENT_TOPIC_NAME:-}" ]; then
  echo "No events: the sweep finds threads by asking the readers."
  exit 0
fi
command -v az >/dev/null || { echo "The Azure CLI (az) is needed to subscribe to events." >&2; exit 1; }

# The code is indexed some time after it was deployed; Event Grid refuses it before. A
# queue is there, and nobody may be able to ask an app that is closed.
tries=30
until [ "$DELIVER_EVENTS_BY" = queue ] || az functionapp function show --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_NAME" \
  --function-name archive_chat_event --output none 2>/dev/null; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "The function archive_chat_event does not show up in $AZURE_FUNCTION_NAME: look at its log stream, then run azd deploy again." >&2
    exit 1
  fi
  sleep 10
done

az deployment group create --resource-group "$ACS_RESOURCE_GROUP" --name chat-archiver-events \
  --template-file "$(dirname "$0")/../events.bicep" --output none --parameters \
  topicName="$EVENT_TOPIC_NAME" functionAppId="$AZURE_FUNCTION_ID" storageId="$STORAGE_ID" \
  eventDelivery="$DELIVER_EVENTS_BY"
echo "Subscribed $AZURE_FUNCTION_NAME to the events of $EVENT_TOPIC_NAME."
