using '../main.bicep'

// The longest name that there may be, and all that can be switched on.
param environmentName = 'checks-with-the-longest-name-yet'
param location = 'westeurope'
param acsName = 'acs-checks'
param createAcs = true
param useEventGrid = true
param eventDelivery = 'queue'
param acsReaderIds = '8:acs:reader'
param fetchLinksFrom = 'files.example.com'
param immutabilityDays = 2555
param useEvidenceAccount = true
param operatorGroupId = '00000000-0000-0000-0000-000000000001'
param auditorGroupId = '00000000-0000-0000-0000-000000000002'
param useNetworkIsolation = true
param useMonitoring = true
param alertMail = 'chat-team@example.com'
param logRetentionDays = 730
param alwaysReadyInstances = 1
