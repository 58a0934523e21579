# Subscribes the function, now that it exists, to the events of the chat resource; where
# they are delivered by queue, the queue.
# azd runs this after each deployment, with its outputs in the environment; running it
# again changes nothing.
$ErrorActionPreference = 'Stop'

if (-not $env:EVENT_TOPIC_NAME) {
    Write-Host 'No events: the sweep finds threads by asking the readers.'
    exit 0
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    throw 'The Azure CLI (az) is needed to subscribe to events.'
}

# The code is indexed some time after it was deployed; Event Grid refuses it before. A
# queue is there, and nobody may be able to ask an app that is closed.
for ($tries = 30; $env:DELIVER_EVENTS_BY -ne 'queue'; $tries--) {
    az functionapp function show --resource-group $env:AZURE_RESOURCE_GROUP --name $env:AZURE_FUNCTION_NAME `
        --function-name archive_chat_event --output none 2>$null
    if ($LASTEXITCODE -eq 0) { break }
    if ($tries -le 1) {
        throw "The function archive_chat_event does not show up in $env:AZURE_FUNCTION_NAME`: look at its log stream, then run azd deploy again."
    }
    Start-Sleep -Seconds 10
}

az deployment group create --resource-group $env:ACS_RESOURCE_GROUP --name chat-archiver-events `
    --template-file "$PSScriptRoot/../events.bicep" --output none --parameters `
    topicName=$env:EVENT_TOPIC_NAME functionAppId=$env:AZURE_FUNCTION_ID storageId=$env:STORAGE_ID `
    eventDelivery=$env:DELIVER_EVENTS_BY
if ($LASTEXITCODE -ne 0) { throw 'The events could not be subscribed to.' }
Write-Host "Subscribed $env:AZURE_FUNCTION_NAME to the events of $env:EVENT_TOPIC_NAME."
