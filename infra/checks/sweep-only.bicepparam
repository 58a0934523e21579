using '../main.bicep'

// Neither events nor monitoring: as little as there can be.
param environmentName = 'checks'
param location = 'westeurope'
param acsName = 'acs-checks'
param acsResourceGroupName = 'rg-chat'
param useEventGrid = false
param acsReaderIds = '8:acs:reader'
param coolAfterDays = 0
param coldAfterDays = 0
param useMonitoring = false
